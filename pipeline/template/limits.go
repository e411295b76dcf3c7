package template

// Limits are the two limits that an installation sets.
type Limits struct {
	Bytes int64 // of the file as delivered (limits.template_bytes)
	Rows  int   // that hold a value (limits.template_rows)
}

// DefaultLimits are those of spec 2.
var DefaultLimits = Limits{Bytes: 50 << 20 /* 50 MiB */, Rows: 200_000 /* 200,000 rows */}

const (
	maxUnpacked     = 1 << 30   // 1 GiB, by the bytes actually read
	maxParts        = 2_000     // 2,000 parts in a workbook
	maxColumns      = 256       // 256 columns that hold a value
	maxCellRunes    = 4_096     // 4,096 characters a cell
	maxSharedText   = 64 << 20  // 64 MiB of shared strings
	maxSharedCount  = 2_000_000 // 2 million shared strings
	maxToken        = 1 << 20   // 1 MiB an XML token
	maxDepth        = 128       // 128 XML elements inside one another
	maxSheets       = 256       // 256 sheets
	maxHeaderRow    = 20        // the header is among the first 20 rows
	maxSheetRow     = 1_048_576 // the last row a spreadsheet has
	maxSheetColumn  = 16_384    // the last column a spreadsheet has (XFD)
	maxLabelCompare = 80        // characters of a label compared for nearness
)
