// Package httpapi speaks HTTP for the service: the contract call
// GET /recommend/{user}, which always gets a list, /similar/{movie}, the probes
// and, on a second listener, the metrics. One table turns errors into statuses;
// every answer says by its headers which request, bundle and data made it.
package httpapi
