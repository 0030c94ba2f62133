package sqlstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// saltSetting is the name under which the salt of the tombstones is kept, in
// hexadecimal. It is made when the first person is forgotten.
const saltSetting = "tombstone_salt"

// tombstonesIn returns those of users who were forgotten.
func tombstonesIn(ctx context.Context, q queryer, users []catalog.UserID) (map[catalog.UserID]bool, error) {
	salt, err := readSalt(ctx, q)
	if err != nil || salt == nil {
		return nil, err
	}
	stones := catalog.Tombstones{Salt: salt}
	byHash := make(map[catalog.PersonHash]catalog.UserID, len(users))
	flat := make([][]byte, 0, len(users))
	for _, u := range users {
		hash := stones.Hash(u)
		if _, known := byHash[hash]; !known {
			byHash[hash] = u
			flat = append(flat, hash[:])
		}
	}
	forgotten := make(map[catalog.UserID]bool)
	err = lookup(ctx, q, "SELECT hash FROM tombstones WHERE hash IN (%s)", 1, flat, func(rows *sqlx.Rows) error {
		var hash []byte
		if err := rows.Scan(&hash); err != nil {
			return err
		}
		forgotten[byHash[catalog.PersonHash(hash)]] = true
		return nil
	})
	return forgotten, err
}

// saltBytes is the length of the salt: as long as the hash.
const saltBytes = 32

// gravesCounter is the name of the counter that [Store.Forget] moves, so that
// whoever remembers the tombstones sees when there are more.
const gravesCounter = "tombstones"

// graves are the tombstones as this process read them last.
type graves struct {
	mu      sync.Mutex
	version int64 // of gravesCounter
	held    catalog.Tombstones
}

// Tombstones returns the hashes of all who were forgotten, with the salt that
// they were made with; the zero Tombstones if nobody was.
func (s *Store) Tombstones(ctx context.Context) (catalog.Tombstones, error) {
	const op = "read tombstones"
	if err := s.there(); err != nil {
		return catalog.Tombstones{}, s.fault(ctx, op, err)
	}
	dead, err := readTombstones(ctx, s.reader)
	return dead, s.fault(ctx, op, err)
}

// tombstones returns all that were committed before tx, which holds the write
// lock. It reads one number, and the tombstones only when there are new ones.
func (s *Store) tombstones(ctx context.Context, tx *sqlx.Tx) (catalog.Tombstones, error) {
	var version int64
	const query = "SELECT COALESCE(MAX(value), 0) FROM counters WHERE name = '" + gravesCounter + "'"
	if err := tx.GetContext(ctx, &version, query); err != nil {
		return catalog.Tombstones{}, err
	}
	s.graves.mu.Lock()
	defer s.graves.mu.Unlock()
	if version == s.graves.version {
		return s.graves.held, nil
	}
	held, err := readTombstones(ctx, tx)
	if err != nil {
		return catalog.Tombstones{}, err
	}
	s.graves.version, s.graves.held = version, held
	return held, nil
}

func readTombstones(ctx context.Context, q queryer) (catalog.Tombstones, error) {
	salt, err := readSalt(ctx, q)
	if err != nil || salt == nil {
		return catalog.Tombstones{}, err
	}
	dead := catalog.Tombstones{Salt: salt, Hashes: make(map[catalog.PersonHash]struct{})}
	err = each(ctx, q, func(rows *sqlx.Rows) error {
		var hash []byte
		if err := rows.Scan(&hash); err != nil {
			return err
		}
		if len(hash) != len(catalog.PersonHash{}) {
			return fmt.Errorf("a tombstone has %d bytes, want %d; restore a copy: %w", len(hash), len(catalog.PersonHash{}), catalog.ErrDamaged)
		}
		dead.Hashes[catalog.PersonHash(hash)] = struct{}{}
		return nil
	}, "SELECT hash FROM tombstones")
	return dead, err
}

// bury adds the tombstone of u and reports its hash, and whether it is new.
func bury(ctx context.Context, tx *sqlx.Tx, u catalog.UserID) (hash catalog.PersonHash, fresh bool, err error) {
	salt, err := ensureSalt(ctx, tx)
	if err != nil {
		return hash, false, err
	}
	hash = catalog.Tombstones{Salt: salt}.Hash(u)
	const insert = "INSERT INTO tombstones (hash, at) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING"
	added, err := tx.ExecContext(ctx, tx.Rebind(insert), hash[:], time.Now().UnixMicro())
	if err != nil {
		return hash, false, err
	}
	if n, err := added.RowsAffected(); err != nil || n == 0 {
		return hash, false, err
	}
	const count = "INSERT INTO counters (name, value) VALUES ('" + gravesCounter + "', 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1"
	_, err = tx.ExecContext(ctx, count)
	return hash, true, err
}

// ensureSalt returns the salt of the tombstones and makes it if there is none.
// It must run under the write lock.
func ensureSalt(ctx context.Context, tx *sqlx.Tx) ([]byte, error) {
	salt, err := readSalt(ctx, tx)
	if err != nil || salt != nil {
		return salt, err
	}
	salt = make([]byte, saltBytes)
	rand.Read(salt) // never fails
	_, err = tx.ExecContext(ctx, tx.Rebind("INSERT INTO settings (name, value) VALUES (?, ?)"), saltSetting, hex.EncodeToString(salt))
	return salt, err
}

// withoutForgotten returns those refused lines that name nobody who was
// forgotten, as far as can be told: see [Store.Append].
func withoutForgotten(refused []catalog.Refused, dead catalog.Tombstones) []catalog.Refused {
	if len(dead.Hashes) == 0 {
		return refused
	}
	var kept []catalog.Refused
	for _, r := range refused {
		if !namesForgotten(r, dead) {
			kept = append(kept, r)
		}
	}
	return kept
}

func namesForgotten(r catalog.Refused, dead catalog.Tombstones) bool {
	if r.User != "" && dead.Has(r.User) {
		return true
	}
	_, rest, _ := bytes.Cut(r.Line, []byte(","))
	second, _, _ := bytes.Cut(rest, []byte(","))
	return len(second) > 0 && dead.Has(catalog.UserID(bytes.TrimSpace(second)))
}

// readSalt returns the salt of the tombstones, nil if nobody was forgotten yet.
func readSalt(ctx context.Context, q sqlx.QueryerContext) ([]byte, error) {
	var text string
	err := sqlx.GetContext(ctx, q, &text, "SELECT value FROM settings WHERE name = '"+saltSetting+"'")
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	salt, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the salt of the tombstones is damaged (%w); restore a copy: %w", err, catalog.ErrDamaged)
	}
	return salt, nil
}
