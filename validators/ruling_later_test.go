package validators

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/config"
	"guichet/pipeline/claim"
)

// TestChanged is LIG-05 on rows of every kind: one warning for each column that
// was changed, in the order of their cells.
func TestChanged(t *testing.T) {
	for kind, faultless := range faultlessOf {
		ctx, c := faultless()
		if got := Changed(ctx, c, c.Row); len(got) != 0 {
			t.Errorf("%s: an unchanged row: %s", kind, codes(got))
		}
		_, before := faultless()
		var want, got []string
		for i, column := range config.TemplateOf(kind).Columns {
			switch column.Type {
			case config.DateColumn:
				setDate(c, column.ID, "2023-01-31")
			case config.AmountColumn:
				setAmount(c, "1.00")
			default:
				setText(c, column.ID, "changed")
			}
			want = append(want, fmt.Sprintf("LIG-05 %c2 %s", 'A'+i, column.Label))
		}
		for _, f := range Changed(ctx, c, before.Row) {
			checkTexts(t, f)
			got = append(got, strings.Join([]string{f.Code, f.Cell, f.Field}, " "))
			if f.Outcome != claim.Warn {
				t.Errorf("%s: %s is %s", kind, f.Code, f.Outcome)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}
