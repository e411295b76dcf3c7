//go:build race

package document

// memoryFactor is how many times more memory a worker may take under the race
// detector, which shadows all of it; the address space, of which it maps
// terabytes, is then not held at all.
const memoryFactor = 8
