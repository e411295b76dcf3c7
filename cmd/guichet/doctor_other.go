//go:build !linux

package main

// confinementOfWorkers: outside Linux the WebAssembly limits alone hold.
func confinementOfWorkers() confinement {
	return confinement{
		inForce: []string{"the limits of WebAssembly"},
		missing: []string{"no files", "no network", "address space", "CPU time"},
		cure:    "run guichet on Linux where suppliers are not trusted",
	}
}
