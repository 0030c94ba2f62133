package qdranttest

import (
	"slices"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type matcher func(*point) bool

// matcher returns what a filter says. Of fields only those with an index may be asked
// for, as in strict mode.
func (c *collection) matcher(f *api.Filter) (matcher, error) {
	if f == nil {
		return func(*point) bool { return true }, nil
	}
	if f.GetMinShould() != nil {
		return nil, status.Error(codes.Unimplemented, "qdranttest knows no min_should")
	}
	must, err := c.matchers(f.GetMust())
	if err != nil {
		return nil, err
	}
	not, err := c.matchers(f.GetMustNot())
	if err != nil {
		return nil, err
	}
	should, err := c.matchers(f.GetShould())
	if err != nil {
		return nil, err
	}
	return func(p *point) bool {
		holds := func(m matcher) bool { return m(p) }
		return !slices.ContainsFunc(must, func(m matcher) bool { return !m(p) }) &&
			!slices.ContainsFunc(not, holds) &&
			(len(should) == 0 || slices.ContainsFunc(should, holds))
	}, nil
}

func (c *collection) matchers(conditions []*api.Condition) ([]matcher, error) {
	out := make([]matcher, len(conditions))
	for i, condition := range conditions {
		var err error
		if out[i], err = c.condition(condition); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *collection) condition(condition *api.Condition) (matcher, error) {
	switch x := condition.GetConditionOneOf().(type) {
	case *api.Condition_HasId:
		ids, err := idSet(x.HasId.GetHasId())
		return func(p *point) bool { return ids[p.id] }, err
	case *api.Condition_Filter:
		return c.matcher(x.Filter)
	case *api.Condition_Field:
		return c.field(x.Field)
	}
	return nil, status.Errorf(codes.Unimplemented, "qdranttest knows no condition %T", condition.GetConditionOneOf())
}

func idSet(list []*api.PointId) (map[id]bool, error) {
	ids := make(map[id]bool, len(list))
	for _, p := range list {
		at, err := idOf(p)
		if err != nil {
			return nil, err
		}
		ids[at] = true
	}
	return ids, nil
}

func (c *collection) field(f *api.FieldCondition) (matcher, error) {
	key := f.GetKey()
	kind, indexed := c.indexes[key]
	want, holds := condition(f)
	switch {
	case holds == nil:
		return nil, status.Errorf(codes.Unimplemented, "qdranttest knows no condition %v", f)
	case !indexed || kind != want:
		return nil, status.Errorf(codes.InvalidArgument, "Bad request: Index required but not found for %q of one of the following types: [%v]", key, want)
	}
	return func(p *point) bool {
		v, ok := p.payload[key]
		if !ok {
			return false
		}
		if list := v.GetListValue(); list != nil { // any value of a list will do
			return slices.ContainsFunc(list.GetValues(), holds)
		}
		return holds(v)
	}, nil
}

// condition returns what is asked of a value, and the index that it takes.
func condition(f *api.FieldCondition) (api.FieldType, func(*api.Value) bool) {
	if r := f.GetRange(); r != nil {
		return api.FieldType_FieldTypeInteger, func(v *api.Value) bool {
			x, isInt := v.GetKind().(*api.Value_IntegerValue)
			if !isInt {
				return false
			}
			n := float64(x.IntegerValue)
			return (r.Gte == nil || n >= r.GetGte()) && (r.Lte == nil || n <= r.GetLte()) &&
				(r.Gt == nil || n > r.GetGt()) && (r.Lt == nil || n < r.GetLt())
		}
	}
	text := func(v *api.Value) (string, bool) {
		s, ok := v.GetKind().(*api.Value_StringValue)
		return v.GetStringValue(), ok && s != nil
	}
	switch m := f.GetMatch().GetMatchValue().(type) {
	case *api.Match_Keyword:
		return api.FieldType_FieldTypeKeyword, func(v *api.Value) bool { s, ok := text(v); return ok && s == m.Keyword }
	case *api.Match_Keywords:
		return api.FieldType_FieldTypeKeyword, func(v *api.Value) bool {
			s, ok := text(v)
			return ok && slices.Contains(m.Keywords.GetStrings(), s)
		}
	case *api.Match_Integer:
		return api.FieldType_FieldTypeInteger, func(v *api.Value) bool {
			x, isInt := v.GetKind().(*api.Value_IntegerValue)
			return isInt && x.IntegerValue == m.Integer
		}
	case *api.Match_Boolean:
		return api.FieldType_FieldTypeBool, func(v *api.Value) bool {
			x, isBool := v.GetKind().(*api.Value_BoolValue)
			return isBool && x.BoolValue == m.Boolean
		}
	}
	return 0, nil
}
