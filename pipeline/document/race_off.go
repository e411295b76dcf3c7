//go:build !race

package document

// memoryFactor is how many times more memory a worker may take than the limit
// says: no more.
const memoryFactor = 1
