package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

const base = "../../../deploy/kubernetes/base"

// kinds are the types of what the manifests may hold.
var kinds = map[string]func() any{
	"v1/Namespace": func() any { return &corev1.Namespace{} }, "v1/ServiceAccount": func() any { return &corev1.ServiceAccount{} },
	"v1/ConfigMap": func() any { return &corev1.ConfigMap{} }, "v1/Secret": func() any { return &corev1.Secret{} }, "v1/Service": func() any { return &corev1.Service{} },
	"apps/v1/Deployment": func() any { return &appsv1.Deployment{} }, "batch/v1/CronJob": func() any { return &batchv1.CronJob{} },
	"policy/v1/PodDisruptionBudget":      func() any { return &policyv1.PodDisruptionBudget{} },
	"networking.k8s.io/v1/NetworkPolicy": func() any { return &networkingv1.NetworkPolicy{} },
}

// objects reads the documents of a file, and takes no field that the API does not have.
func objects(t *testing.T, path string) []any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	for r := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text))); ; {
		doc, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var head struct{ APIVersion, Kind string }
		if err := sigsyaml.Unmarshal(doc, &head); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		make, known := kinds[head.APIVersion+"/"+head.Kind]
		if !known {
			t.Fatalf("%s: %s/%s is of no known type", path, head.APIVersion, head.Kind)
		}
		o := make()
		if err := sigsyaml.UnmarshalStrict(doc, o); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		all = append(all, o)
	}
}

// everything returns all objects of the base, those that its kustomization names.
func everything(t *testing.T) []any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(base, "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var k struct{ Resources []string }
	if err := sigsyaml.Unmarshal(text, &k); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(base, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	for _, f := range files {
		switch name := filepath.Base(f); {
		case name == "kustomization.yaml":
		case strings.HasSuffix(name, ".example.yaml"):
			objects(t, f)
		case !slices.Contains(k.Resources, name):
			t.Errorf("%s is no resource of the kustomization", name)
		default:
			all = append(all, objects(t, f)...)
		}
	}
	if len(k.Resources) == 0 || len(all) < len(k.Resources) {
		t.Errorf("%d objects of %d resources", len(all), len(k.Resources))
	}
	return all
}

// pods returns every template of a pod by the name of what makes them.
func pods(t *testing.T) map[string]corev1.PodTemplateSpec {
	t.Helper()
	out := map[string]corev1.PodTemplateSpec{}
	for _, o := range everything(t) {
		switch o := o.(type) {
		case *appsv1.Deployment:
			out[o.Name] = o.Spec.Template
		case *batchv1.CronJob:
			out[o.Name] = o.Spec.JobTemplate.Spec.Template
		}
	}
	return out
}

// Every pod keeps the restricted profile of the pod security standards, which the
// namespace enforces.
func TestRestricted(t *testing.T) {
	all := pods(t)
	if len(all) != 3 {
		t.Fatalf("%d kinds of pods, want serve, ingest and build", len(all))
	}
	for name, p := range all {
		s := p.Spec.SecurityContext
		if s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: security context %+v", name, s)
		}
		for _, c := range p.Spec.Containers {
			s := c.SecurityContext
			if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem ||
				s.Capabilities == nil || !slices.Contains(s.Capabilities.Drop, "ALL") {
				t.Errorf("%s: security context of %s: %+v", name, c.Name, s)
			}
			if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
				t.Errorf("%s: no bounds of resources", name)
			}
		}
		if p.Spec.AutomountServiceAccountToken == nil || *p.Spec.AutomountServiceAccountToken {
			t.Errorf("%s: pods get a token of the cluster", name)
		}
	}
}

// Three servers are replaced one by one, with none missing at any time, and each has
// the three probes on ports that it opens.
func TestServe(t *testing.T) {
	for _, o := range everything(t) {
		d, ok := o.(*appsv1.Deployment)
		if !ok || d.Name != "serve" {
			continue
		}
		r := d.Spec.Strategy.RollingUpdate
		if *d.Spec.Replicas != 3 || d.Spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType || r.MaxUnavailable.String() != "0" || r.MaxSurge.String() != "1" {
			t.Errorf("%d replicas, %+v", *d.Spec.Replicas, d.Spec.Strategy)
		}
		c := d.Spec.Template.Spec.Containers[0]
		ports := map[string]int32{}
		for _, p := range c.Ports {
			ports[p.Name] = p.ContainerPort
		}
		for path, probe := range map[string]*corev1.Probe{"/health/startup": c.StartupProbe, "/health/ready": c.ReadinessProbe, "/health/live": c.LivenessProbe} {
			if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || ports[probe.HTTPGet.Port.String()] != 8082 {
				t.Errorf("probe %s: %+v", path, probe)
			}
		}
		for k, v := range d.Spec.Selector.MatchLabels {
			if d.Spec.Template.Labels[k] != v {
				t.Errorf("the selector's %s=%s is no label of the pods", k, v)
			}
		}
		return
	}
	t.Fatal("there is no deployment of servers")
}

// What is referred to is there.
func TestReferences(t *testing.T) {
	maps := map[string]bool{}
	for _, o := range everything(t) {
		if m, ok := o.(*corev1.ConfigMap); ok {
			maps[m.Name] = true
		}
	}
	secret := objects(t, filepath.Join(base, "secret.example.yaml"))[0].(*corev1.Secret)
	for name, p := range pods(t) {
		volumes := map[string]bool{}
		for _, v := range p.Spec.Volumes {
			volumes[v.Name] = true
			if v.Secret != nil {
				for _, item := range v.Secret.Items {
					if _, there := secret.StringData[item.Key]; v.Secret.SecretName != secret.Name || !there {
						t.Errorf("%s: secret %s has no %s", name, v.Secret.SecretName, item.Key)
					}
				}
			}
		}
		c := p.Spec.Containers[0]
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				t.Errorf("%s mounts %s, which is no volume", name, m.Name)
			}
		}
		for _, e := range c.EnvFrom {
			if !maps[e.ConfigMapRef.Name] {
				t.Errorf("%s: there is no config map %s", name, e.ConfigMapRef.Name)
			}
		}
		for _, e := range c.Env {
			if ref := e.ValueFrom.SecretKeyRef; ref.Name != secret.Name || secret.StringData[ref.Key] == "" {
				t.Errorf("%s: secret %s has no %s", name, ref.Name, ref.Key)
			}
		}
	}
}

// Who may look from inside has a token, and no network that callers are in may say who
// they are.
func TestCallers(t *testing.T) {
	for name, p := range pods(t) {
		args := strings.Join(p.Spec.Containers[0].Args, " ")
		if strings.Contains(args, "--admin-listen=") && !strings.Contains(args, "--api-token-file=") {
			t.Errorf("%s: %s has no tokens", name, args)
		}
		if strings.Contains(args, "--trusted-proxy") {
			t.Errorf("%s: %s trusts a proxy that is not in the base", name, args)
		}
	}
}
