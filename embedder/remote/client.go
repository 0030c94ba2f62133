package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/embedder/vec"
)

// A Client asks one model of one server. Any number of goroutines may use it;
// each call of Embed has Config.Parallel requests of its own.
type Client struct {
	cfg  Config
	http *http.Client
	id   embedder.ID
}

var _ embedder.Embedder = (*Client)(nil)

// New is [Open] without a context: Config.Timeout, Retries and MaxDelay alone
// bound the question for the dimensions.
func New(cfg Config, hc *http.Client) (*Client, error) {
	return Open(context.Background(), cfg, hc)
}

// Open returns a Client. hc carries the requests; its own Timeout should be 0,
// since each attempt has the Config's. When cfg.Dims is 0 it asks the server
// for one vector to learn their length.
func Open(ctx context.Context, cfg Config, hc *http.Client) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("embeddings server: %w", err)
	}
	c := &Client{cfg: cfg, http: hc}
	if cfg.Dims == 0 {
		got, err := c.ask(ctx, []string{"dimensions"}, 0)
		if err != nil {
			return nil, fmt.Errorf("ask model %q at %s for its dimensions: %w", cfg.Model, cfg.endpoint(), err)
		}
		cfg.Dims = len(got[0])
	}
	revision := cfg.Revision
	if revision == "" {
		revision = "unpinned"
	}
	// The cut decides what of a long text the server sees, and so its vector.
	c.id = embedder.ID{
		Model: "remote:" + cfg.Model, Revision: fmt.Sprintf("%s-cut%d", revision, cfg.MaxTextBytes),
		Dims: cfg.Dims, Precision: "f32",
	}
	return c, nil
}

// ID names the vector space. It does not depend on the server's address, so that
// a model may move.
func (c *Client) ID() embedder.ID { return c.id }

// Embed writes the vectors of texts to dst, [len(texts) x ID().Dims]. Blank texts
// are zeros without asking the server; texts are cut to Config.MaxTextBytes. An
// error that may pass wraps [catalog.ErrUnavailable], a status other than 200 is
// a [StatusError], an answer that makes no sense wraps [ErrAnswer]; dst is
// undefined then.
func (c *Client) Embed(ctx context.Context, texts []string, dst []float32) error {
	if err := embedder.CheckShape(c.id, texts, dst); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	clear(dst)
	var asked []int
	for i, text := range texts {
		if strings.TrimSpace(text) != "" {
			asked = append(asked, i)
		}
	}
	group, limited := errgroup.WithContext(ctx)
	group.SetLimit(c.cfg.Parallel)
	for len(asked) > 0 && limited.Err() == nil {
		part := asked[:min(len(asked), c.cfg.BatchTexts)]
		asked = asked[len(part):]
		group.Go(func() error { return c.embed(limited, texts, part, dst) })
	}
	err := group.Wait()
	switch {
	case ctx.Err() != nil && (err != nil || len(asked) > 0):
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("model %q at %s: %w", c.cfg.Model, c.cfg.endpoint(), err)
	}
	return nil
}

// embed writes the vectors of the texts at the places of part. A batch that is
// too large for the server is halved.
func (c *Client) embed(ctx context.Context, texts []string, part []int, dst []float32) error {
	batch := make([]string, len(part))
	for j, i := range part {
		batch[j] = cut(texts[i], c.cfg.MaxTextBytes)
	}
	got, err := c.ask(ctx, batch, c.id.Dims)
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusRequestEntityTooLarge && len(part) > 1 {
		half := len(part) / 2
		if err := c.embed(ctx, texts, part[:half], dst); err != nil {
			return err
		}
		return c.embed(ctx, texts, part[half:], dst)
	}
	if err != nil {
		return fmt.Errorf("embed %d texts, the first %.40q: %w", len(batch), batch[0], err)
	}
	for j, i := range part {
		row := dst[i*c.id.Dims : (i+1)*c.id.Dims]
		copy(row, got[j])
		vec.Normalize(row)
	}
	return nil
}

// cut returns text as valid UTF-8 without blanks at its ends, at most n bytes of
// it, ending at a character's border.
func cut(text string, n int) string {
	text = strings.ToValidUTF8(strings.TrimSpace(text), "\uFFFD")
	return catalog.CutText(text, n)
}
