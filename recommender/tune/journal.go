package tune

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"marquee/catalog/durable"
	"marquee/recommender/model"
)

// A key is what the trials of a journal have in common.
type key struct {
	Format   int             `json:"format"`
	Data     string          `json:"data"`
	Kind     string          `json:"kind"`
	Metric   string          `json:"metric"`
	Minimize bool            `json:"minimize"`
	Seed     uint64          `json:"seed"`
	Settings json.RawMessage `json:"settings"`
	Space    []model.Param   `json:"space"`
}

// A trial is one line of a journal.
type trial struct {
	Candidate int             `json:"candidate"`
	Share     float64         `json:"share"`
	Settings  json.RawMessage `json:"settings"`
	Score     float64         `json:"score"`
	Seconds   float64         `json:"seconds"`
	People    []float64       `json:"people,omitempty"`
	Error     string          `json:"error,omitempty"`
}

func (t trial) failed() bool { return t.Error != "" }

// maxPeople is how many people's scores a trial keeps: 2 MB of text.
const maxPeople = 100_000

// A journal is a file to which trials are appended.
type journal struct {
	name   string
	file   *os.File
	unlock func()
	trials map[slot]trial
}

type slot struct {
	candidate int
	share     float64
}

// lockWait is how long another process may take to end before it counts as at
// work.
const lockWait = 300 * time.Millisecond

// openJournal opens or makes the journal of k in folder and reads it. A line at
// the end that was not written whole is cut off.
func openJournal(ctx context.Context, folder string, k key) (*journal, error) {
	head, err := json.Marshal(k)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(head)
	j := &journal{name: filepath.Join(folder, k.Kind+"-"+hex.EncodeToString(sum[:6])+".jsonl"), trials: make(map[slot]trial)}
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	if j.unlock, err = durable.Lock(waiting, j.name+".lock"); err != nil {
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return nil, fmt.Errorf("%s: another search is writing it; wait for its end, or take another seed: %w", j.name, ErrJournal)
		}
		return nil, err
	}
	if j.file, err = os.OpenFile(j.name, os.O_RDWR|os.O_CREATE, 0o644); err == nil {
		err = j.read(head)
	}
	if err == nil {
		err = durable.SyncDir(folder)
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// read takes in the lines that are whole and leaves the file ready for more.
func (j *journal) read(head []byte) error {
	r := bufio.NewReader(j.file)
	var good int64
	for number := 1; ; number++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what stands here was not written whole
		}
		if err != nil {
			return fmt.Errorf("%s: %w", j.name, err)
		}
		if number == 1 {
			if !bytes.Equal(bytes.TrimSuffix(line, []byte("\n")), head) {
				return fmt.Errorf("%s: its trials are of other data or settings: the first line is %.300s, want %.300s; move the file away: %w", j.name, line, head, ErrJournal)
			}
			good += int64(len(line))
			continue
		}
		var t trial
		if err := json.Unmarshal(line, &t); err != nil {
			if _, more := r.Peek(1); more != nil {
				break // the last line: its end was written and its middle was not
			}
			return fmt.Errorf("%s:%d: %w; mend the line or take it out: %w", j.name, number, err, ErrJournal)
		}
		good += int64(len(line))
		if s := (slot{t.Candidate, t.Share}); j.trials[s].Settings == nil {
			j.trials[s] = t
		}
	}
	if err := j.file.Truncate(good); err != nil {
		return fmt.Errorf("%s: %w", j.name, err)
	}
	if _, err := j.file.Seek(good, io.SeekStart); err != nil {
		return fmt.Errorf("%s: %w", j.name, err)
	}
	if good == 0 {
		return j.append(head)
	}
	return nil
}

// check refuses trials of settings that the design does not have.
func (j *journal) check(candidates []candidate) error {
	for at, t := range j.trials {
		if at.candidate < 0 || at.candidate < len(candidates) && !bytes.Equal(t.Settings, candidates[at.candidate].settings) {
			return fmt.Errorf("%s: candidate %d was tried with %.200s, which is not what it stands for; move the file away: %w", j.name, at.candidate, t.Settings, ErrJournal)
		}
	}
	return nil
}

// get returns the trial of candidate n on r, if the journal has it.
func (j *journal) get(n int, r Rung) (trial, bool) {
	t, ok := j.trials[slot{n, r.Share}]
	return t, ok
}

// add makes t durable.
func (j *journal) add(t trial) error {
	line, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("%s: %w", j.name, err)
	}
	j.trials[slot{t.Candidate, t.Share}] = t
	return j.append(line)
}

func (j *journal) append(line []byte) error {
	_, err := j.file.Write(append(line, '\n'))
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", j.name, err)
	}
	return nil
}

func (j *journal) close() {
	if j.file != nil {
		j.file.Close() // every line was synced
	}
	j.unlock()
}
