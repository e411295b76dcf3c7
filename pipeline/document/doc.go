// Package document turns a PDF's bytes into [claim.Facts]: what its reader
// sees, where it stands, who signed it, and what it would do if one let it. It
// judges nothing; what a mention or a signature is worth is the rules' matter.
//
// # Who reads
//
// A supplier's PDF is hostile until read, and then still. The parent never
// parses one: a [Pool] hands the bytes to worker processes (this executable
// under [WorkerArg]; so [Main] comes first in main, and in TestMain where a
// test uses a pool). A worker has its CPU time and memory limited, sees none of
// the parent's environment, and on Linux, as far as the kernel grants it, no
// file and no network. Within it, pdfium runs in WebAssembly with 128 MiB. A
// document that kills its worker, or has the parent kill it at a limit, is
// tried once more alone; when that kills another it is [claim.ReadFailed] with
// the reason time, memory or crash. The limits hold for the reading of a document
// and again for each picture of a page. A page that the sandbox's memory is too
// small to draw has no picture: a person reads it.
//
// # How a document is read
//
//   - The object model (pdfcpu): active content. That it cannot read a file is
//     no verdict; what pdfium opens is read.
//   - Pages (pdfium): characters with their places; repair of ligatures, of
//     accents that TeX draws apart, of its misread € and œ; words, cut where a
//     blank is written or seen; lines, and in them gaps wider than a blank.
//   - Form fields: the page is read as its annotations are drawn on it. A
//     value that its field's appearance does not show is a hidden word. Texts
//     of annotations that are no fields are hidden words too.
//   - Visibility: by experiment. A character is visible when the page's
//     picture changes, where it stands, as its text is taken away; see
//     visible.go. Every trick that hides text from a reader hides it here; so
//     does text too small, squeezed, mirrored, or printed over other text to be
//     read. What the document says a text stands for (ActualText) is not read.
//     Where letters stand on strokes as strong as they are themselves, as those
//     of a text layer over the lines of a scan do, all of the page's words are
//     hidden; see busy.go.
//   - Signatures: every signature field's bytes, certificate and later
//     revisions; see signature.go. What the appearance of a further signature
//     says is unseen: who signed before did not sign it.
//
// # How scans are read
//
// A page whose visible words are no language (fonts without a usable Unicode
// table), that has none (scans, letters on strokes, fonts that lie), or that an image covers with less than a page's
// worth of words beside it (a scanner's stamp line), is read by OCR: the worker
// draws it as its reader sees it, annotations included, and tesseract reads the
// picture, in a process of its own: without a network, with its CPU time,
// memory, clock and output limited, and with no file but its languages and what
// programs need to start (as far as landlock is there). The page's own words are
// then kept as hidden: a text layer over a scan is no evidence. Without
// tesseract, or where it fails, the page has [claim.TextFromNone].
//
//   - The page is drawn at the resolution of its image, from 200 to 300 dpi of
//     an A4 page. It is not taken out of the document even where it is one image:
//     drawing costs a tenth of what reading it does (300 dpi: 0.2 s of 1.5 to 2),
//     and masks, decode arrays and what lies over the image cannot deceive it.
//   - The paper of unevenly lit pictures is made white; lines askew by up to 8
//     degrees are made level. Where little is read, the page is tried the other
//     three ways up; so is a half of it with much ink and few words: two scans
//     on one page, one of them turned.
//   - Where no FINESS with a right key, no date, no amount or no e-mail address
//     is found on a page of 20 words, it is read once more at another scale, and
//     the better reading kept, with the words that only the other one has.
//   - Rows of letters that stand in no word (tesseract drops lines and tells
//     nothing of it) are cut out and read once more, one below the other, in one
//     run. What is in no word even then makes the page unread (claim.Page.Unread):
//     mostly a rubber stamp, which is crooked or faint.
//   - Words come from one line over the whole width of a scan, as from text; their
//     rectangles are those of the page as it is displayed.
//
// # Guarantees
//
// The same bytes give the same facts under the same [Pool.Extractor], whatever
// was read before: every document meets a sandbox as it is when new. Only
// outcomes at the limits of time and memory depend on the machine. No document,
// whatever its bytes, ends the parent, makes it wait beyond the limits, or
// reaches a log.
//
// # Not guaranteed
//
// That the words are those printed, where a font draws one letter and names
// another: every shape that a page's fonts draw for a digit is looked at, and
// letters in a few of the page's texts (lookalike_fonts.go); a page whose fonts
// are found to lie is read by OCR. Not found are fonts that lie in punctuation,
// in accents or in one or two letters alone; in a digit that is much like the
// one it is said to be (an 8 for a 3, in some typefaces); or within the outline
// box that the same letter has where it is honest. A font of odd shapes, though
// honest, has its page read by OCR. That every reader shows the same: layers that a zoom or a language
// switches off are seen here. Letters that a font which is not embedded would
// have to bring from the reader's machine, beyond the Latin ones, count as
// unseen. That OCR reads right: its words have a confidence, and the rules say
// what they are worth. That text which runs up or down beside other text is read
// on a scan. Outside Linux only the WebAssembly limits and the clock hold a worker.
package document
