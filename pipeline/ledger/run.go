package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"guichet/pipeline/claim"
)

// run is the run that this process has started; number 0 is none.
type run struct {
	number  int
	started time.Time
}

// RunState tells how a run ended.
type RunState string

// The states of a run.
const (
	Running     RunState = "running"
	Done        RunState = "done"
	Failed      RunState = "failed"
	Interrupted RunState = "interrupted" // it ended without a word: found by the next one
)

// StartRun begins a run and gives its number. Its start is what the audit
// chain tells as the time of all that the run decides. The caller holds the lock.
func (l *Ledger) StartRun(ctx context.Context, started time.Time, software string) (int, error) {
	var number int
	err := l.write(ctx, "start run", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE runs SET state = $1 WHERE state = $2`, Interrupted, Running); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(number), 0) + 1 FROM runs`).Scan(&number); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO runs (number, started, software, state) VALUES ($1, $2, $3, $4)`,
			number, formatInstant(started), software, Running)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("starting a run: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run = run{number: number, started: started}
	return number, nil
}

func (l *Ledger) currentRun() (run, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.run.number == 0 {
		return run{}, ErrNoRun
	}
	return l.run, nil
}

// FinishRun records how the started run ended.
func (l *Ledger) FinishRun(ctx context.Context, state RunState) error {
	current, err := l.currentRun()
	if err != nil {
		return err
	}
	return l.write(ctx, "finish run", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE runs SET state = $1 WHERE number = $2`, state, current.number); err != nil {
			return fmt.Errorf("ending run %d: %w", current.number, err)
		}
		return nil
	})
}

// SaveRegisters records the registers that the started run uses, once they
// are found fit for use: the next run compares its own with them.
func (l *Ledger) SaveRegisters(ctx context.Context, registers []claim.RegisterInfo) error {
	current, err := l.currentRun()
	if err != nil {
		return err
	}
	rows := make([][]any, len(registers))
	for i, r := range registers {
		rows[i] = []any{current.number, r.Name, r.SHA256, r.Rows}
	}
	return l.write(ctx, "save registers", func(tx *sql.Tx) error {
		return insert(ctx, tx, "run_registers (run, name, sha256, row_count)", 4, rows, "")
	})
}

// LastRegisters gives the registers of the last run that used any, by name;
// none before the first.
func (l *Ledger) LastRegisters(ctx context.Context) ([]claim.RegisterInfo, error) {
	return query(ctx, l.reader, func(rows *sql.Rows) (info claim.RegisterInfo, err error) {
		return info, rows.Scan(&info.Name, &info.SHA256, &info.Rows)
	}, `SELECT name, sha256, row_count FROM run_registers
		WHERE run = (SELECT max(run) FROM run_registers) ORDER BY name`)
}
