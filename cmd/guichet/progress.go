package main

import (
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"guichet/pipeline"
)

// progress draws a bar for each stage of a run, on a terminal only.
type progress struct {
	mu    sync.Mutex
	t     *terminal
	stage string
	bar   *progressbar.ProgressBar
}

// redrawAtMost is how often a bar is drawn anew.
const redrawAtMost = 50 * time.Millisecond

// Write writes a line of the log where the bar was, which the next step draws
// again below it.
func (p *progress) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear() // a bar that cannot be drawn harms nothing
	}
	return p.t.err.Write(line)
}

var stageNames = map[pipeline.Stage]string{
	pipeline.StageAssess:  "assessing claims  ",
	pipeline.StagePublish: "publishing batches",
}

func (p *progress) told(stage pipeline.Stage, done, total int) {
	p.draw(stageNames[stage], done, total)
}

func (p *progress) draw(stage string, done, total int) {
	if !p.t.interactive() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stage != stage {
		p.finish()
		p.stage = stage
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.t.err), progressbar.OptionSetDescription(stage),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(redrawAtMost), progressbar.OptionClearOnFinish())
	}
	_ = p.bar.Set(done) // a bar that cannot be drawn harms nothing
}

// done takes the bar away.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar, p.stage = nil, ""
	}
}
