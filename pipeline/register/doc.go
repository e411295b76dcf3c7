// Package register reads the registers that operators drop under registers/
// and answers what the rules ask of them: pharmacies (FINESS), their tranches
// (outil de calcul), enrolled suppliers, referenced solutions, orders in the
// electronic archive, and the connections that the CNOP and the CNAM list.
//
// finess.csv is the official extraction of establishments (cs1100502 or
// cs1100507). Every other register is a CSV or a workbook in the dialects of
// package template, with its columns found by their labels; columns that
// nobody reads may be there or not.
//
//   - [Load] reads them for a run, or tells why a run must stop;
//   - [Check] tells an operator everything that is wrong, and what is odd;
//   - [Directory] looks pharmacies up for suppliers (AF §5.3).
//
// Guarantees: a register is read in full or not at all; a value that cannot
// be read, a wrong key, a missing column and rows that contradict one another
// are errors that name the register, the line, the column and the cure; equal
// rows given twice count once. [Check] tells an error if and only if a run would stop
// for the registers alone. A look-up never guesses. A [Set] never changes and may be asked from
// many goroutines.
//
// Not guaranteed: the SIRET of an establishment, which the official register
// has empty or wrong for some.
package register
