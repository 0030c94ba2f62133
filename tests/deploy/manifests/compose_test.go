package manifests

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const composed = "../../../deploy/compose"

// project loads the compose file as docker compose does: schema, interpolation, anchors.
func project(t *testing.T, env ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(composed, "compose.yaml")}, cli.WithEnv(env), cli.WithProfiles([]string{"tools"}))
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(t.Context())
}

// The compose file is one, names every part, and asks for what must be set.
func TestCompose(t *testing.T) {
	if _, err := project(t); err == nil || !strings.Contains(err.Error(), "POSTGRES_PASSWORD") {
		t.Errorf("without a password: %v, want an error that names it", err)
	}
	p, err := project(t, "POSTGRES_PASSWORD=x")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ingest", "kafka", "nginx", "postgres", "prometheus", "qdrant", "serve", "tools"}
	if got := slices.Sorted(maps.Keys(p.Services)); !slices.Equal(got, want) {
		t.Errorf("services %v, want %v", got, want)
	}
	serve := p.Services["serve"]
	if *serve.Deploy.Replicas != 2 || !serve.ReadOnly || !slices.Contains(serve.CapDrop, "ALL") || serve.Environment["MARQUEE_STORE"] == nil {
		t.Errorf("serve: %+v", serve)
	}
	proxy := p.Services["nginx"].Networks["default"]
	if proxy == nil || proxy.Ipv4Address == "" || !slices.Contains(serve.Command, proxy.Ipv4Address+"/32") {
		t.Errorf("servers are %v, want them to trust nginx alone, which is %+v", serve.Command, proxy)
	}
	kafka := p.Services["kafka"]
	if dir := kafka.Environment["KAFKA_LOG_DIRS"]; dir == nil || !slices.ContainsFunc(kafka.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == *dir && v.Source != "" }) {
		t.Errorf("Kafka keeps its topics in %v, want a volume of %+v", dir, kafka.Volumes)
	}
	for name, s := range p.Services {
		if s.Build != nil && s.ReadOnly && !slices.Contains(s.Tmpfs, "/tmp") {
			t.Errorf("%s can write to no /tmp", name)
		}
		if i := slices.Index(s.Command, "--admin-listen"); i >= 0 {
			j := slices.Index(s.Command, "--api-token-file")
			if j < 0 || !slices.ContainsFunc(s.Secrets, func(f types.ServiceSecretConfig) bool { return s.Command[j+1] == "/run/secrets/"+f.Source }) {
				t.Errorf("%s is open to others and has no secret with the tokens: %v", name, s.Command)
			}
		}
		if s.Build == nil && (s.Image == "" || strings.HasSuffix(s.Image, ":latest") || !strings.Contains(s.Image, ":")) {
			t.Errorf("%s has image %q, want one of a version", name, s.Image)
		}
		for _, v := range s.Volumes {
			if _, there := p.Volumes[v.Source]; v.Type == types.VolumeTypeVolume && v.Source != "" && !there {
				t.Errorf("%s mounts volume %s, which is none", name, v.Source)
			}
		}
		if name != "nginx" {
			for _, port := range s.Ports {
				if port.HostIP != "127.0.0.1" {
					t.Errorf("%s is open to the world on port %s", name, port.Published)
				}
			}
		}
	}
}
