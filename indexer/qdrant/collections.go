package qdrant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	api "github.com/qdrant/go-client/qdrant"

	"marquee/catalog"
)

// A Collection is one build on the server.
type Collection struct {
	Name  string
	Begun time.Time // when its build began
	Ready bool      // complete and checked
	Live  bool      // the alias names it
}

// Collections returns the collections of the configured alias, newest first.
func (c *Client) Collections(ctx context.Context) ([]Collection, error) {
	aliases, err := c.aliases(ctx)
	if err != nil {
		return nil, err
	}
	reply, err := ask(ctx, c, "list collections", func(ctx context.Context) (*api.ListCollectionsResponse, error) {
		return c.rpc.Collections().List(ctx, &api.ListCollectionsRequest{})
	})
	if err != nil {
		return nil, err
	}
	var all []Collection
	for _, d := range reply.GetCollections() {
		if at, ours := begun(c.cfg.Alias, d.GetName()); ours {
			all = append(all, Collection{
				Name: d.GetName(), Begun: at,
				Ready: aliases[d.GetName()+readyMark] == d.GetName(),
				Live:  aliases[c.cfg.Alias] == d.GetName(),
			})
		}
	}
	slices.SortFunc(all, func(a, b Collection) int { return strings.Compare(age(b.Name), age(a.Name)) })
	return all, nil
}

// Live returns the collection that the alias names. The error wraps
// [catalog.ErrNotFound] as long as none was published.
func (c *Client) Live(ctx context.Context) (string, error) {
	aliases, err := c.aliases(ctx)
	if err != nil {
		return "", err
	}
	if name := aliases[c.cfg.Alias]; name != "" {
		return name, nil
	}
	return "", fmt.Errorf("qdrant at %s: alias %q names no collection; publish a build: %w", c.cfg.Addr, c.cfg.Alias, catalog.ErrNotFound)
}

// aliases returns the collection of every alias.
func (c *Client) aliases(ctx context.Context) (map[string]string, error) {
	reply, err := ask(ctx, c, "list aliases", func(ctx context.Context) (*api.ListAliasesResponse, error) {
		return c.rpc.Collections().ListAliases(ctx, &api.ListAliasesRequest{})
	})
	if err != nil {
		return nil, err
	}
	all := make(map[string]string, len(reply.GetAliases()))
	for _, a := range reply.GetAliases() {
		all[a.GetAliasName()] = a.GetCollectionName()
	}
	return all, nil
}

// Sweep removes collections that were begun before a time and never completed: what
// killed builds left. It returns their names.
func (c *Client) Sweep(ctx context.Context, before time.Time) ([]string, error) {
	all, err := c.Collections(ctx)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	return c.removeAll(ctx, slices.DeleteFunc(all, func(x Collection) bool {
		return x.Ready || x.Live || !x.Begun.Before(before)
	}))
}

// Remove removes a collection of the configured alias; one that is not there is no
// error. The live one stays: the error then wraps [catalog.ErrConflict].
func (c *Client) Remove(ctx context.Context, collection string) error {
	if _, ours := begun(c.cfg.Alias, collection); !ours {
		return fmt.Errorf("collection %q is not one of alias %q: %w", collection, c.cfg.Alias, catalog.ErrInvalid)
	}
	aliases, err := c.aliases(ctx)
	if err != nil {
		return err
	}
	if aliases[c.cfg.Alias] == collection {
		return fmt.Errorf("collection %s is live, publish another one first: %w", collection, catalog.ErrConflict)
	}
	return c.remove(ctx, collection)
}

// RemoveAll removes every collection of the configured alias, the live one too.
func (c *Client) RemoveAll(ctx context.Context) error {
	all, err := c.Collections(ctx)
	if err != nil {
		return err
	}
	_, err = c.removeAll(ctx, all)
	return err
}

func (c *Client) remove(ctx context.Context, collection string) error {
	_, err := ask(ctx, c, "remove collection "+collection, func(ctx context.Context) (*api.CollectionOperationResponse, error) {
		return c.rpc.Collections().Delete(ctx, &api.DeleteCollection{CollectionName: collection})
	})
	if errors.Is(err, catalog.ErrNotFound) {
		return nil
	}
	return err
}

func (c *Client) removeAll(ctx context.Context, all []Collection) ([]string, error) {
	var removed []string
	for _, x := range all {
		if err := c.remove(ctx, x.Name); err != nil {
			return removed, err
		}
		removed = append(removed, x.Name)
	}
	return removed, nil
}

// create makes an empty collection with the indexes that filters need. It is unique by
// its name: one that is there at a later attempt was made by an earlier one.
func (c *Client) create(ctx context.Context, name string, dims int, payloads bool) error {
	request := c.request(name, dims)
	_, err := ask(ctx, c, "create collection "+name, func(ctx context.Context) (*api.CollectionOperationResponse, error) {
		return c.rpc.Collections().Create(ctx, request)
	})
	if err != nil && !errors.Is(err, catalog.ErrConflict) {
		return err
	}
	if !payloads {
		return nil
	}
	for field, kind := range indexedFields() {
		_, err := ask(ctx, c, "index field "+field, func(ctx context.Context) (*api.PointsOperationResponse, error) {
			return applied(c.rpc.Points().CreateFieldIndex(ctx, &api.CreateFieldIndexCollection{
				CollectionName: name, FieldName: field, FieldType: api.PtrOf(kind), Wait: api.PtrOf(true),
			}))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// request asks for Dot: of unit vectors it is the cosine, and the server keeps them as
// they are.
func (c *Client) request(name string, dims int) *api.CreateCollection {
	r := &api.CreateCollection{
		CollectionName: name,
		VectorsConfig:  api.NewVectorsConfig(&api.VectorParams{Size: uint64(dims), Distance: api.Distance_Dot}),
		HnswConfig:     &api.HnswConfigDiff{M: api.PtrOf(uint64(c.cfg.M)), EfConstruct: api.PtrOf(uint64(c.cfg.EfConstruct))},
		OptimizersConfig: &api.OptimizersConfigDiff{
			IndexingThreshold: api.PtrOf(uint64(c.cfg.IndexingKB)),
		},
	}
	if c.cfg.Segments > 0 {
		r.OptimizersConfig.DefaultSegmentNumber = api.PtrOf(uint64(c.cfg.Segments))
	}
	if c.cfg.Quantise {
		r.QuantizationConfig = api.NewQuantizationScalar(&api.ScalarQuantization{
			Type: api.QuantizationType_Int8, Quantile: api.PtrOf(float32(0.99)), AlwaysRam: api.PtrOf(true),
		})
	}
	return r
}

// mark marks a collection complete.
func (c *Client) mark(ctx context.Context, collection string) error {
	return c.changeAliases(ctx, "mark collection "+collection, api.NewAliasCreate(collection+readyMark, collection))
}

// publish lets the alias name a collection, and no other, in one call.
func (c *Client) publish(ctx context.Context, collection string) error {
	aliases, err := c.aliases(ctx)
	if err != nil {
		return err
	}
	var actions []*api.AliasOperations
	if aliases[collection+readyMark] != collection {
		actions = append(actions, api.NewAliasCreate(collection+readyMark, collection))
	}
	switch old := aliases[c.cfg.Alias]; old {
	case collection:
		return nil
	case "":
	default:
		actions = append(actions, api.NewAliasDelete(c.cfg.Alias))
	}
	actions = append(actions, api.NewAliasCreate(c.cfg.Alias, collection))
	return c.changeAliases(ctx, "publish collection "+collection, actions...)
}

func (c *Client) changeAliases(ctx context.Context, what string, actions ...*api.AliasOperations) error {
	_, err := ask(ctx, c, what, func(ctx context.Context) (*api.CollectionOperationResponse, error) {
		return c.rpc.Collections().UpdateAliases(ctx, &api.ChangeAliases{Actions: actions})
	})
	return err
}

// prune removes complete collections that are older than the live one, but Config.Keep
// of them.
func (c *Client) prune(ctx context.Context) ([]string, error) {
	all, err := c.Collections(ctx)
	if err != nil {
		return nil, fmt.Errorf("prune: %w", err)
	}
	live := slices.IndexFunc(all, func(x Collection) bool { return x.Live })
	if live < 0 {
		return nil, nil // someone else moved the alias away
	}
	older := slices.DeleteFunc(slices.Clone(all[live+1:]), func(x Collection) bool { return !x.Ready })
	return c.removeAll(ctx, older[min(len(older), c.cfg.Keep):])
}
