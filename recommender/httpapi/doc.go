// Package httpapi speaks HTTP for the service: the contract call
// GET /recommend/{user}, which always gets a list, what else there is to ask for or to
// tell (see routes.go), the probes and, on a second listener, what operators look at.
// One table turns errors into statuses; every answer says by its headers which request,
// bundle and data made it.
//
// Under trouble the contract call keeps its status and loses its tier. Its list is made
// on a goroutine of its own, of which there are [Limits.Concurrent] at most, late ones
// included. Where there is no room within [Limits.Wait], or no list by [Limits.Answer],
// or making one fails, it is answered from memory, and X-Marquee-Shed says why. Any other
// call gets 503 without room, 504 when it is late, and 429 when its client calls too
// often.
package httpapi
