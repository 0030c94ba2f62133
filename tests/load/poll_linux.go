package load

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ask asks by a poll.
func ask(ctx context.Context, c Config, n int64) (Result, error) { return byPoll(ctx, c, n) }

// byPoll asks over all connections from this goroutine, which waits for whatever comes
// first: an answer, or the time at which a request is due. Beside a goroutine for each
// connection that spares the scheduler's work, which on the server's own cores is several
// times that of the exchange; and the kernel tells of those that have an answer without
// looking at the others, each time that one has.
func byPoll(ctx context.Context, c Config, n int64) (Result, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return Result{}, fmt.Errorf("epoll: %w", err)
	}
	defer unix.Close(epoll)
	p := poll{config: c, n: n, epoll: epoll, events: make([]unix.EpollEvent, c.Connections), began: time.Now(), result: Result{Statuses: map[int]int64{}}}
	for at := range c.Connections {
		p.sockets = append(p.sockets, &socket{at: int32(at), place: -1})
	}
	p.idle = append(p.idle, p.sockets...)
	defer p.close()
	for ctx.Err() == nil && (p.next < n || len(p.busy) > 0) {
		p.send(time.Now())
		p.wait()
		p.receive()
		p.expire(time.Now())
	}
	p.result.Took = time.Since(p.began)
	return p.result, nil
}

// A poll is one run over some connections.
type poll struct {
	config  Config
	n       int64 // requests in all
	next    int64 // the next one
	began   time.Time
	epoll   int
	events  []unix.EpollEvent // [connections]
	ready   int               // of events, by the last wait
	sockets []*socket
	idle    []*socket // that which waits longest first
	busy    []*socket
	looked  time.Time // for those that took too long
	result  Result
}

// A socket is one connection, which is dialed when it is first used, and again after an
// error. What comes while it is idle, the end or an answer too many, is an error of the
// next request.
type socket struct {
	at    int32    // in all sockets
	place int      // in those that are busy; -1: idle
	file  *os.File // nil without a connection
	fd    int
	lost  error // what came while it was idle
	reply reply
	i     int       // the request that it waits for the answer to
	due   time.Time // when that was
	until time.Time // when it will have taken too long
}

// maxWait bounds what is waited in one go, so that the end of a context and requests that
// took too long are seen.
const maxWait = 20 * time.Millisecond

// send sends what is due over connections that are idle.
func (p *poll) send(now time.Time) {
	for p.next < p.n && len(p.idle) > 0 {
		if p.config.due(p.began, p.next).After(now) {
			return
		}
		s := p.idle[0]
		p.idle = p.idle[1:]
		s.i, s.due, s.until = int(p.next), p.config.due(p.began, p.next), now.Add(p.config.Timeout)
		p.next++
		s.place = len(p.busy)
		p.busy = append(p.busy, s)
		if err := s.send(p); err != nil {
			p.done(s, Answer{}, false, err)
		}
	}
}

// send dials if need be, and writes the request. Requests are short: one that does not go
// out at once is an error.
func (s *socket) send(p *poll) error {
	if s.file == nil {
		if err := s.dial(p); err != nil {
			return err
		}
	}
	if s.lost != nil {
		return s.lost
	}
	s.reply.reset()
	request := p.config.Request(s.i)
	n, errno := rawIO(unix.SYS_WRITE, s.fd, request)
	switch {
	case errno != 0:
		return fmt.Errorf("write: %w", errno)
	case n < len(request):
		return fmt.Errorf("write: %d bytes of %d went out", n, len(request))
	}
	return nil
}

func (s *socket) dial(p *poll) error {
	conn, err := net.DialTimeout("tcp", p.config.Address, p.config.Timeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if s.file, err = conn.(*net.TCPConn).File(); err != nil { // one of its own, that the runtime does not watch
		return err
	}
	s.fd = int(s.file.Fd())
	if err := unix.SetNonblock(s.fd, true); err != nil {
		return err
	}
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: s.at}) // until it is closed
}

func (s *socket) close() {
	if s.file != nil {
		s.file.Close()
		s.file, s.lost = nil, nil
	}
}

// wait waits until an answer comes, or a request is to go out, or maxWait.
func (p *poll) wait() {
	d := maxWait
	if p.next < p.n && len(p.idle) > 0 {
		d = min(d, max(0, time.Until(p.config.due(p.began, p.next))))
	}
	if p.ready = arrived(p.epoll, p.events); p.ready > 0 {
		return
	}
	fds := [...]unix.PollFd{{Fd: int32(p.epoll), Events: unix.POLLIN}} // whose timeout is finer than that of an epoll
	timeout := unix.NsecToTimespec(int64(d))
	if d > shortWait {
		if n, err := unix.Ppoll(fds[:], &timeout, nil); n < 1 || err != nil {
			return
		}
	} else if n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), 1, uintptr(unsafe.Pointer(&timeout)), 0, 0, 0); n < 1 || errno != 0 {
		return
	}
	p.ready = arrived(p.epoll, p.events)
}

// shortWait is what may be waited without a word to Go's scheduler, which would wake a
// thread of its own for each; other goroutines do without a processor for so long.
const shortWait = time.Millisecond

// arrived returns how many events there are now, without a word to the scheduler.
func arrived(epoll int, events []unix.EpollEvent) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0 // interrupted
	}
	return int(n)
}

// rawIO reads or writes without waiting, and so without a word to the scheduler.
func rawIO(call uintptr, fd int, data []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(len(data)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// receive reads what came.
func (p *poll) receive() {
	for _, e := range p.events[:p.ready] {
		s := p.sockets[e.Fd]
		if s.place < 0 {
			s.lost = fmt.Errorf("the server hung up, or said what nobody asked for: %w", errAnswer)
			unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, s.fd, nil) // once is enough
			continue
		}
		a, again, whole, err := s.receive()
		if whole || err != nil {
			p.done(s, a, again, err)
		}
	}
	p.ready = 0
}

func (s *socket) receive() (a Answer, again, whole bool, err error) {
	n, errno := rawIO(unix.SYS_READ, s.fd, s.reply.room())
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return a, false, false, nil
	case errno != 0:
		return a, false, false, fmt.Errorf("read: %w", errno)
	case n == 0:
		return a, false, false, fmt.Errorf("read: the server hung up: %w", errAnswer)
	}
	s.reply.added(n)
	return s.reply.answer()
}

// done notes what became of a request, and has the connection wait for the next.
func (p *poll) done(s *socket, a Answer, again bool, err error) {
	last := len(p.busy) - 1
	p.busy[s.place] = p.busy[last]
	p.busy[s.place].place = s.place
	p.busy = p.busy[:last]
	s.place = -1
	p.result.note(p.config, s.i, s.due, a, err)
	if err != nil || !again {
		s.close()
	}
	p.idle = append(p.idle, s)
}

// expire gives up what took too long.
func (p *poll) expire(now time.Time) {
	if now.Sub(p.looked) < maxWait {
		return
	}
	p.looked = now
	for k := len(p.busy) - 1; k >= 0; k-- {
		if s := p.busy[k]; now.After(s.until) {
			p.done(s, Answer{}, false, fmt.Errorf("no answer within %v: %w", p.config.Timeout, os.ErrDeadlineExceeded))
		}
	}
}

func (p *poll) close() {
	for _, s := range p.sockets {
		s.close()
	}
}
