// Package template reads what suppliers fill in: a workbook (.xlsx) or a CSV
// becomes typed rows with the address and the raw text of every cell. The
// registers are read through the same lower layer ([ReadRecords]).
//
//   - [Read] gives a [Table] of claims, or the problems that refuse the file;
//   - a value that is not of its column's type is a [claim.Field] in state
//     bad, with the reason ([WhyDate] …), never a problem of the file.
//
// Vocabulary: a part is one file inside the ZIP of a workbook; the header is
// the row of labels; a serial is a day as spreadsheets count them.
//
// Guarantees (spec 2, "Proof of completeness"): no row is lost in silence. A
// workbook is accepted only when its ZIP is whole and unambiguous, every part
// that counts was read to its end with a good checksum, its XML closes and
// declares no DTD, rows and columns rise, and every shared string exists; a
// CSV only when every record parses. Memory and time are bounded by the
// constants below, on the bytes actually read and never on a declared size.
// Cells are read raw, never through a display format; formulas count by their
// cached value and are never computed.
//
// Not guaranteed: that a workbook's cached values are up to date, or that a
// sheet whose header no template knows holds nothing of interest.
package template
