package intake_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/fixtures"
	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
)

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// says is what the French message must say of each hostile ZIP.
var says = map[string]string{
	"an absolute path":                           "hors de l'archive, « /etc/passwd »",
	"a path on a drive":                          "hors de l'archive, « C:c.pdf »",
	"a path upwards":                             "hors de l'archive, « ../c.pdf »",
	"a path down and upwards":                    "hors de l'archive, « lot/../../c.pdf »",
	"a path upwards in what is skipped":          "hors de l'archive",
	"a path with backslashes":                    `nom inadmissible, « ..\c.pdf »`,
	"an empty part":                              "nom inadmissible, « lot//c.pdf »",
	"a part that is a point":                     "nom inadmissible, « ./c.pdf »",
	"no name":                                    "nom inadmissible",
	"a name of blanks":                           "n'a pas de nom",
	"a control character":                        "nom inadmissible, « c [2J.pdf »",
	"a zero byte":                                "nom inadmissible, « c.pdf .exe »",
	"a name of 1,001 bytes":                      "nom trop long",
	"a key of 1,001 bytes":                       "nom trop long",
	"one name twice":                             "portent le même nom, aux majuscules près : « a.pdf »",
	"one name in other capitals":                 "portent le même nom, aux majuscules près : « A.PDF »",
	"one name in other letters":                  "portent le même nom, aux majuscules près : « STRASSE.pdf »",
	"one name composed and decomposed":           "portent le même nom, aux majuscules près : « é.pdf »",
	"a folder":                                   "contient un dossier, dans « pdf/c.pdf »",
	"a folder below what is skipped":             "contient un dossier, dans « pdf/c.pdf »",
	"two folders":                                "contient un dossier",
	"a folder in the common folder":              "contient un dossier, dans « pdf/a.pdf »",
	"an empty folder":                            "contient un dossier, dans « pdf/ »",
	"_READY in a folder of its own":              "contient un dossier, dans « lot/_READY »",
	"a symbolic link":                            "un lien ou un fichier spécial, « c.pdf »",
	"a device":                                   "un lien ou un fichier spécial",
	"a pipe":                                     "un lien ou un fichier spécial",
	"a folder with the name of a file":           "un lien ou un fichier spécial",
	"a folder of MS-DOS with the name of a file": "abîmée ou contradictoire",
	"a skipped symbolic link":                    "un lien ou un fichier spécial, « Thumbs.db »",
	"a folder with content":                      "abîmée ou contradictoire",
	"encryption":                                 "chiffré",
	"strong encryption":                          "chiffré",
	"an encrypted directory":                     "chiffré",
	"a patch":                                    "abîmée ou contradictoire",
	"AES encryption":                             "chiffré",
	"Deflate64":                                  "« b.pdf » y est compressé par une méthode",
	"bzip2":                                      "« b.pdf » y est compressé par une méthode",
	"LZMA":                                       "« b.pdf » y est compressé par une méthode",
	"a ZIP in the ZIP":                           "une autre archive, « c.zip »",
	"an archive by its name":                     "une autre archive, « c.7Z »",
	"an empty archive by its name":               "une autre archive, « c.tar.gz »",
	"a ZIP without a name":                       "une autre archive, « c.dat »",
	"a compressed file without a name":           "une autre archive, « c »",
	"a wrong checksum":                           "somme de contrôle",
	"a checksum of zero":                         "somme de contrôle",
	"more announced than there is":               "« c.pdf » n'y a pas la taille annoncée",
	"less announced than there is":               "« c.pdf » n'y a pas la taille annoncée",
	"nothing announced":                          "« c.pdf » n'y a pas la taille annoncée",
	"more announced than any packing holds":      "« c.pdf » n'y a pas la taille annoncée",
	"data cut off":                               "« c.pdf » y est abîmé ou incomplet",
	"no data":                                    "« c.pdf » y est abîmé ou incomplet",
	"a flipped bit":                              "« c.pdf »",
	"noise for data":                             "« c.pdf » y est abîmé ou incomplet",
	"something behind the packed data":           "n'appartiennent à aucun de ses fichiers",
	"a second stream behind the packed data":     "n'appartiennent à aucun de ses fichiers",
	"a stored file shorter than announced":       "« c.pdf » n'y a pas la taille annoncée",
	"something before the first file":            "n'appartiennent à aucun de ses fichiers",
	"something between files":                    "n'appartiennent à aucun de ses fichiers",
	"something before the directory":             "n'appartiennent à aucun de ses fichiers",
	"a file that the directory does not tell of": "n'appartiennent à aucun de ses fichiers",
	"something behind the end":                   "d'autres données suivent la fin",
	"a second end in the comment":                "n'appartiennent à aucun de ses fichiers",
	"two files in one place":                     "s'y recouvrent",
	"one file under two names":                   "s'y recouvrent",
	"data that run into the next file":           "s'y recouvrent",
	"data that run into the directory":           "s'y recouvrent",
	"data that run past the file":                "s'y recouvrent",
	"a file past the end":                        "n'appartiennent à aucun de ses fichiers",
	"a file in the directory":                    "n'appartiennent à aucun de ses fichiers",
	"a file elsewhere":                           "n'appartiennent à aucun de ses fichiers",
	"nothing":                                    "il est vide",
	"a letter":                                   "ce n'est pas une archive ZIP",
	"no ZIP at all":                              "ce n'est pas une archive ZIP",
	"another format":                             "ce n'est pas une archive ZIP",
	"cut in its first file":                      "il est incomplet",
	"cut before its directory":                   "il est incomplet",
	"cut before its end":                         "il est incomplet",
	"cut at its last byte":                       "il est incomplet",
	"a bomb":                                     "il dépasse 8 Mio une fois décompressé",
	"a bomb in pieces":                           "il dépasse 8 Mio une fois décompressé",
	"a bomb that says it is small":               "« c.pdf » n'y a pas la taille annoncée",
	"50,001 files":                               "plus de 50 000 fichiers",
	"50,001 files that are skipped":              "plus de 50 000 fichiers",
	"50,001 files of which the end tells three":  "abîmée ou contradictoire",
	"a bomb of headers quoted in one another":    "s'y recouvrent",
	"behind the data: too much":                  "n'appartiennent à aucun de ses fichiers",
	"behind the data: two":                       "n'appartiennent à aucun de ses fichiers",
	"64 bits: a size of 16 EiB":                  "n'y a pas la taille annoncée",
	"64 bits: a size of 8 EiB":                   "n'y a pas la taille annoncée",
	"64 bits: a packed size of 16 EiB":           "s'y recouvrent",
	"64 bits: an offset of 16 EiB":               "n'appartiennent à aucun de ses fichiers",
	"at the end: 65,535 files":                   "plus de 50 000 fichiers",
	"at the end: a directory shorter than it is": "n'appartiennent à aucun de ses fichiers",
}

// expected gives what the message must say of a hostile ZIP: of records that
// contradict one another, that they do.
func expected(t *testing.T, name string) string {
	t.Helper()
	words, ok := says[name]
	for _, group := range []string{"in the local header alone: ", "behind the data: ", "64 bits: ", "at the end: "} {
		if !ok && strings.HasPrefix(name, group) {
			return "abîmée ou contradictoire"
		}
	}
	if words == "" {
		t.Fatal("no expectation")
	}
	return words
}

// zipBatch gives the batch that a ZIP makes.
func zipBatch(t *testing.T, data []byte, options intake.Options) *intake.Batch {
	t.Helper()
	in := newInbox(t)
	in.put(supplier+"/lot.zip", string(data), time.Hour)
	found := in.scan(options, ledger{})
	if len(found.Ready) != 1 || len(found.Waiting)+len(found.Odd)+len(found.Failed) > 0 {
		t.Fatalf("found %v", told(found))
	}
	return &found.Ready[0]
}

func TestHostileZIPs(t *testing.T) {
	limited := options()
	limited.ZIP.Unpacked = 8 << 20
	for _, hostile := range fixtures.HostileZIPs() {
		t.Run(hostile.Name, func(t *testing.T) {
			data := hostile.Make()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			batch := zipBatch(t, data, limited)
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 48<<20 {
				t.Errorf("%d MiB of memory", got>>20)
			}
			want := []claim.FileProblem{{Code: "FIC-01", Reason: "zip", File: "lot.zip"}}
			if len(batch.Problems) == 1 {
				want[0].Detail = batch.Problems[0].Detail
				if words := expected(t, hostile.Name); !strings.Contains(want[0].Detail, words) {
					t.Errorf("%q does not say %q", want[0].Detail, words)
				}
			}
			if diff := cmp.Diff(want, batch.Problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if n := len([]rune(want[0].Detail)); n > 114 {
				t.Errorf("%d characters: %s", n, want[0].Detail)
			}
			if batch.Digest != sha(data) || len(batch.Objects) > 0 || len(batch.Inputs) != 1 || batch.Inputs[0].SHA256 != sha(data) {
				t.Errorf("digest %s, inputs %v, objects %v; want the ZIP alone, %s", batch.Digest, batch.Inputs, batch.Objects, sha(data))
			}
		})
	}
}

// Every expectation is of a ZIP that there is.
func TestEveryMessageIsOfAHostileZIP(t *testing.T) {
	left := maps.Clone(says)
	for _, hostile := range fixtures.HostileZIPs() {
		delete(left, hostile.Name)
	}
	if len(left) > 0 {
		t.Errorf("no ZIP for %q", slices.Sorted(maps.Keys(left)))
	}
}
