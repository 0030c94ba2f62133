package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// PutExperiment stores an experiment, instead of the one of its name if there is one,
// tells of it with a [catalog.ChangeExperiment] whose Detail is the definition, in one
// transaction, and returns the sequence number of that change. Overrides of people who
// were forgotten are left out. An experiment that is not valid, or whose definition has
// more than [MaxDetailBytes], is an error that wraps [catalog.ErrInvalid].
func (s *Store) PutExperiment(ctx context.Context, e catalog.Experiment) (seq int64, err error) {
	const op = "store experiment"
	if err := e.Validate(); err != nil {
		return 0, fmt.Errorf("%s: %w", op, err)
	}
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		dead, err := s.tombstones(ctx, tx)
		if err != nil {
			return err
		}
		e.Overrides = maps.Clone(e.Overrides)
		maps.DeleteFunc(e.Overrides, func(u catalog.UserID, _ string) bool { return dead.Has(u) })
		seq, err = storeExperiment(ctx, tx, e)
		return err
	})
	if err != nil {
		return 0, err
	}
	return seq, nil
}

// storeExperiment writes the row and tells of it.
func storeExperiment(ctx context.Context, tx *sqlx.Tx, e catalog.Experiment) (seq int64, err error) {
	row, err := encodeFacts(e.Name, e)
	if err != nil {
		return 0, err
	}
	told := catalog.Change{Kind: catalog.ChangeExperiment, Subject: e.Name, Detail: json.RawMessage(row.facts)}
	if err := checkChange(told); err != nil {
		return 0, err
	}
	const query = "INSERT INTO experiments (name, definition) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET definition = excluded.definition"
	if _, err := tx.ExecContext(ctx, tx.Rebind(query), e.Name, row.facts); err != nil {
		return 0, err
	}
	return addChanges(ctx, tx, []catalog.Change{told})
}

// Experiments returns all experiments by ascending name, those that were stopped
// included.
func (s *Store) Experiments(ctx context.Context) ([]catalog.Experiment, error) {
	const op = "read experiments"
	if err := s.there(); err != nil {
		return nil, s.fault(ctx, op, err)
	}
	experiments, err := readExperiments(ctx, s.reader)
	return experiments, s.fault(ctx, op, err)
}

func readExperiments(ctx context.Context, q queryer) ([]catalog.Experiment, error) {
	var experiments []catalog.Experiment
	err := each(ctx, q, func(rows *sqlx.Rows) error {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			return err
		}
		var e catalog.Experiment
		if err := json.Unmarshal([]byte(definition), &e); err != nil {
			return damaged(fmt.Errorf("experiment %q is no JSON of one (%w); store it anew", name, err))
		}
		experiments = append(experiments, e)
		return nil
	}, "SELECT name, definition FROM experiments ORDER BY name")
	return experiments, err
}

// removeOverrides takes a person out of the overrides of all experiments, tells of those
// that named them, and takes the name out of what the log of changes told before. It
// returns how many experiments named the person.
func removeOverrides(ctx context.Context, tx *sqlx.Tx, user catalog.UserID) (int64, error) {
	experiments, err := readExperiments(ctx, tx)
	if err != nil {
		return 0, err
	}
	var gone int64
	for _, e := range experiments {
		if _, named := e.Overrides[user]; !named {
			continue
		}
		delete(e.Overrides, user)
		if _, err := storeExperiment(ctx, tx, e); err != nil {
			return gone, err
		}
		gone++
	}
	return gone, removeTold(ctx, tx, user)
}

// removeTold takes a person out of the definitions of experiments in the log.
func removeTold(ctx context.Context, tx *sqlx.Tx, user catalog.UserID) error {
	told := make(map[int64]string)
	err := each(ctx, tx, func(rows *sqlx.Rows) error {
		var seq int64
		var detail string
		if err := rows.Scan(&seq, &detail); err != nil {
			return err
		}
		if without, named := withoutOverride(detail, user); named {
			told[seq] = without
		}
		return nil
	}, "SELECT seq, detail FROM changes WHERE kind = 'experiment' AND detail IS NOT NULL")
	if err != nil {
		return err
	}
	for seq, detail := range told {
		if _, err := tx.ExecContext(ctx, tx.Rebind("UPDATE changes SET detail = ? WHERE seq = ?"), detail, seq); err != nil {
			return err
		}
	}
	return nil
}

// withoutOverride returns the definition of an experiment without the override of a
// person, and whether there was one. What is no such definition has none.
func withoutOverride(detail string, user catalog.UserID) (without string, named bool) {
	var fields, overrides map[string]json.RawMessage
	if json.Unmarshal([]byte(detail), &fields) != nil || json.Unmarshal(fields["overrides"], &overrides) != nil {
		return detail, false
	}
	if _, named = overrides[string(user)]; !named {
		return detail, false
	}
	delete(overrides, string(user))
	kept, err := json.Marshal(overrides)
	if err != nil {
		return detail, false
	}
	fields["overrides"] = kept
	whole, err := json.Marshal(fields)
	if err != nil {
		return detail, false
	}
	return string(whole), true
}
