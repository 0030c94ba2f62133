// Package manifests holds the manifests of deploy/kubernetes against the types of the
// Kubernetes API, and deploy/compose against the Compose specification. It is a module of
// its own, so that the program does not depend on either.
package manifests
