package kafka

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Scheme begins the address of a topic.
const Scheme = "kafka://"

// ParseURL reads the address of a topic into [DefaultConfig]:
//
//	kafka://HOST:PORT,HOST:PORT/TOPIC?group=NAME&client=NAME
//	  &tls=on&ca=FILE&cert=FILE&key=FILE&server-name=NAME
//	  &sasl=plain|scram-sha-256|scram-sha-512&user=NAME
//
// All that follows the topic may be left out; a port left out is 9092. A
// password has no place in an address, which shows in lists of processes: set
// Config.SASL.Password. Any other text is an error that wraps
// [catalog.ErrInvalid] and shows nothing that may be a password. The Config may
// still lack a password: see [Config.Validate].
func ParseURL(text string) (Config, error) {
	c := DefaultConfig()
	rest, ok := strings.CutPrefix(text, Scheme)
	if !ok {
		return c, invalid("address does not begin with %s, want kafka://host:9092/topic", Scheme)
	}
	if strings.Contains(rest, "@") {
		return c, invalid("address holds an @: a user goes behind the topic as ?user=NAME, a password into a setting of its own")
	}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, topic, _ := strings.Cut(rest, "/")
	for _, host := range strings.Split(hosts, ",") {
		if host != "" && strings.LastIndexByte(host, ':') <= strings.LastIndexByte(host, ']') {
			host += ":9092"
		}
		if !isAddress(host) {
			return c, invalid("address has broker %.80q, want host:port,host:port before the topic", host)
		}
		c.Brokers = append(c.Brokers, host)
	}
	if c.Topic = topic; !isTopic(topic) {
		return c, invalid("address has topic %.80q, want kafka://host:9092/topic with 1 to 249 letters, digits, '.', '_' and '-'", topic)
	}
	return c, c.query(query)
}

// query reads what follows the topic.
func (c *Config) query(text string) error {
	values, err := url.ParseQuery(text)
	if err != nil {
		return invalid("settings behind the topic cannot be read, want ?name=value&name=value with %% escapes")
	}
	texts := map[string]*string{
		"group": &c.Group, "client": &c.ClientID, "ca": &c.TLS.CAFile, "cert": &c.TLS.CertFile, "key": &c.TLS.KeyFile,
		"server-name": &c.TLS.ServerName, "sasl": &c.SASL.Mechanism, "user": &c.SASL.User,
	}
	for name, value := range values {
		dst, known := texts[name]
		switch {
		case len(value) != 1:
			return invalid("setting %.40q of the address is there %d times, want it once", name, len(value))
		case known:
			*dst = value[0]
		case name == "tls":
			if c.TLS.On, err = parseSwitch(value[0]); err != nil {
				return err
			}
		default:
			return invalid("unknown setting %.40q of the address, want %s or tls", name, strings.Join(sortedKeys(texts), ", "))
		}
	}
	return nil
}

func parseSwitch(text string) (bool, error) {
	switch text {
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, invalid("setting tls of the address, want on or off")
	}
	return on, nil
}

func sortedKeys(m map[string]*string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
