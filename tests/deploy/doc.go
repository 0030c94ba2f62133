// Package deploy tries what folder deploy has with the real programs: nginx in front of
// two servers, Prometheus scraping one, the image's files in an empty root. No container
// engine is needed, and none is used: what only such an engine or a cluster can show
// is not shown here. Tests skip, and say so, where a program is missing; "make deploy"
// and CI demand them.
package deploy
