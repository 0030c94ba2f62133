package main

import (
	"fmt"
	"os"
	"strings"

	"marquee/catalog/secret"
	"marquee/catalog/stream/kafka"
)

// kafkaFlags say how brokers are reached. What the address of a topic says too,
// flags say better.
type kafkaFlags struct {
	TLS          bool   `help:"Encrypt connections to brokers." name:"tls"`
	CA           string `help:"PEM file of the authorities that brokers' certificates must be signed by; default: the system's." name:"ca" type:"existingfile" predictor:"file" placeholder:"FILE"`
	Cert         string `help:"PEM file of the certificate to show to brokers." type:"existingfile" predictor:"file" placeholder:"FILE"`
	Key          string `help:"PEM file of its key." type:"existingfile" predictor:"file" placeholder:"FILE"`
	ServerName   string `help:"Name that brokers' certificates must carry; default: the host that is called." placeholder:"HOST"`
	SASL         string `help:"Mechanism to sign in by: plain, scram-sha-256 or scram-sha-512." name:"sasl" enum:",plain,scram-sha-256,scram-sha-512" default:"" placeholder:"NAME"`
	User         string `help:"User to sign in as." placeholder:"NAME"`
	Password     string `help:"Password to sign in with; better a file or the environment: flags show in lists of processes." placeholder:"SECRET"`
	PasswordFile string `help:"File that holds the password alone." type:"existingfile" predictor:"file" placeholder:"FILE"`
}

// config returns the settings for the topic at url.
func (f kafkaFlags) config(url string) (kafka.Config, error) {
	c, err := kafka.ParseURL(url)
	if err != nil {
		return c, wrapUsage(err)
	}
	c.Connection, err = f.apply(c.Connection)
	return c, err
}

// apply puts what flags say in place of what c says.
func (f kafkaFlags) apply(c kafka.Connection) (kafka.Connection, error) {
	c.TLS.On = c.TLS.On || f.TLS
	for _, v := range []struct {
		dst  *string
		flag string
	}{
		{&c.TLS.CAFile, f.CA}, {&c.TLS.CertFile, f.Cert}, {&c.TLS.KeyFile, f.Key}, {&c.TLS.ServerName, f.ServerName},
		{&c.SASL.Mechanism, f.SASL}, {&c.SASL.User, f.User},
	} {
		if v.flag != "" {
			*v.dst = v.flag
		}
	}
	password, err := secretOf("--kafka-password", f.Password, f.PasswordFile)
	c.SASL.Password = secret.Text(password)
	return c, err
}

// maxSecretBytes bounds a file with a secret.
const maxSecretBytes = 4 << 10

// secretOf returns the secret that a flag holds, or the file that its twin names.
func secretOf(flag, given, path string) (string, error) {
	if path == "" {
		return given, nil
	}
	if given != "" {
		return "", usage("%s and %s-file are both set, want one of them", flag, flag)
	}
	text, err := readSmall(path, maxSecretBytes)
	if err != nil {
		return "", fmt.Errorf("%s-file: %w", flag, err)
	}
	return strings.TrimSpace(text), nil
}

// readSmall returns the text of a file of at most limit bytes.
func readSmall(path string, limit int64) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() > limit {
		return "", fmt.Errorf("%s has %d bytes, want at most %d", path, info.Size(), limit)
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// writer opens the topic at url for writing; set puts its name where it belongs.
func (f kafkaFlags) writer(e *env, url string, set func(c *kafka.WriterConfig, topic string)) (*kafka.Writer, error) {
	at, err := f.config(url)
	if err != nil {
		return nil, err
	}
	cfg := kafka.DefaultWriterConfig()
	cfg.Connection = at.Connection
	set(&cfg, at.Topic)
	if err := cfg.Validate(); err != nil {
		return nil, wrapUsage(err)
	}
	return kafka.NewWriter(cfg, e.log)
}
