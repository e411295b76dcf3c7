package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tesseract is the command that reads pictures of text: a child process for
// each picture, of which the supplier decides nothing but the pixels.
type tesseract struct {
	path     string
	language string
	version  string // of the command: 5.3.0
	data     string // folder of the languages
	time     time.Duration
	launcher []string // our executable, which sets the limits; empty outside Linux
}

// confinedArg is the hidden subcommand under which this executable sets limits
// on itself and then becomes tesseract.
const confinedArg = "document-ocr"

// Bounds on tesseract: the memory it may map (the largest raster takes less than
// 500 MiB), what it may say, which is 40 bytes a word, and how long it may take to
// say who it is.
const (
	ocrAddressSpace = 1 << 30
	maxTSV          = 8 << 20
	ocrStartWithin  = 20 * time.Second
)

// findTesseract finds the command and asks its version and languages; nil when
// there is none. One that is there and of no use is an error.
func findTesseract(ctx context.Context, ocr OCR) (*tesseract, error) {
	if ocr.Command == "" {
		return nil, nil
	}
	path, err := exec.LookPath(ocr.Command)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ocr.command: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("ocr.command: %w", err)
	}
	if ocr.Language == "" || ocr.PageTime <= 0 {
		return nil, errors.New("reading scans needs a language and a limit of time above zero")
	}
	t := &tesseract{path: path, language: ocr.Language, time: ocr.PageTime}
	if limitsOCR {
		executable, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find the executable of the workers: %w", err)
		}
		t.launcher = []string{executable, confinedArg}
	}
	ctx, cancel := context.WithTimeout(ctx, ocrStartWithin)
	defer cancel()
	if err := t.introduce(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// introduce asks the command who it is.
func (t *tesseract) introduce(ctx context.Context) error {
	ask := func(argument string) ([]string, error) {
		command := exec.CommandContext(ctx, t.path, argument) //nolint:gosec // the operator names the command
		command.Env = ocrEnvironment()
		command.WaitDelay = time.Second
		said, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("ocr.command: %s %s: %w", t.path, argument, err)
		}
		return strings.Split(string(said), "\n"), nil
	}
	lines, err := ask("--version")
	if err != nil {
		return err
	}
	name, version, _ := strings.Cut(strings.TrimSpace(lines[0]), " ")
	if name != "tesseract" || version == "" {
		return fmt.Errorf("ocr.command: %s is not tesseract", t.path)
	}
	t.version = version
	if lines, err = ask("--list-langs"); err != nil {
		return err
	}
	if _, after, ok := strings.Cut(lines[0], `"`); ok {
		t.data, _, _ = strings.Cut(after, `"`)
	}
	for part := range strings.SplitSeq(t.language, "+") {
		if !slices.ContainsFunc(lines[1:], func(line string) bool { return strings.TrimSpace(line) == part }) {
			return fmt.Errorf("ocr.language: tesseract has no data for %q; on Debian: apt-get install tesseract-ocr-%s", part, strings.ReplaceAll(part, "_", "-"))
		}
	}
	return nil
}

// String names what reads: tesseract 5.3.0 fra.
func (t *tesseract) String() string {
	if t == nil {
		return ""
	}
	return "tesseract " + t.version + " " + t.language
}

// ocrEnvironment is all that tesseract sees of its parent's. One thread: more
// of them only wait for each other.
func ocrEnvironment() []string {
	environment := []string{"OMP_THREAD_LIMIT=1", "LC_ALL=C", "PATH=/usr/local/bin:/usr/bin:/bin"}
	if data, ok := os.LookupEnv("TESSDATA_PREFIX"); ok {
		environment = append(environment, "TESSDATA_PREFIX="+data)
	}
	return environment
}

// errOCR is that of a reading that came to nothing: tesseract failed, was
// killed at a limit, or said what cannot be.
var errOCR = errors.New("tesseract could not read a page")

// How a picture is laid out (tesseract's page segmentation mode).
const (
	anyLayout = "3"
	oneBlock  = "6"
)

// read has tesseract read a picture. Its error is errOCR, or ctx's.
func (t *tesseract) read(ctx context.Context, picture *raster, layout string) (words []ocrWord, err error) {
	limited, cancel := context.WithTimeout(ctx, patience(t.time))
	defer cancel()
	dpi := min(max(int(picture.scale*72), 70), 2400)
	arguments := []string{
		t.path, "-", "-", "-l", t.language, "--psm", layout, "--dpi", strconv.Itoa(dpi),
		"-c", "tessedit_create_tsv=1", "-c", "textord_tabfind_vertical_text=0",
	}
	if t.launcher != nil {
		limits := []string{strconv.Itoa(int((t.time + time.Second - 1) / time.Second)), t.data}
		arguments = slices.Concat(t.launcher, limits, arguments)
	}
	said, err := t.run(limited, arguments, picture)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("read a scan: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, errOCR
	}
	words, err = parseTSV(said, picture.width, picture.height)
	if err != nil {
		return nil, errOCR
	}
	return words, nil
}

// run runs a command on a picture, without a network where the system grants
// it, and gives what it wrote.
func (t *tesseract) run(ctx context.Context, arguments []string, picture *raster) ([]byte, error) {
	for level := 0; ; level++ {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		command := exec.CommandContext(ctx, arguments[0], arguments[1:]...) //nolint:gosec // our own executable
		if !isolate(command, level) {
			return nil, errOCR
		}
		out := &bounded{most: maxTSV, exceeded: cancel}
		command.Stdin = io.MultiReader(
			strings.NewReader(fmt.Sprintf("P5\n%d %d\n255\n", picture.width, picture.height)),
			bytes.NewReader(picture.pixels))
		command.Stdout = out
		command.Env, command.Dir = ocrEnvironment(), "/"
		command.WaitDelay = time.Second
		if err := command.Start(); err != nil {
			continue
		}
		if err := command.Wait(); err != nil {
			return nil, fmt.Errorf("run tesseract: %w", err)
		}
		return out.text.Bytes(), nil
	}
}

// bounded keeps what is written to it, up to a limit.
type bounded struct {
	text     bytes.Buffer
	most     int
	exceeded func()
}

func (b *bounded) Write(text []byte) (int, error) {
	if b.text.Len()+len(text) > b.most {
		b.exceeded()
		return 0, errOCR
	}
	return b.text.Write(text)
}
