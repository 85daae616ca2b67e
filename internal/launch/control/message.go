package control

// Kind says which message a frame holds.
type Kind byte

// Message is what a frame holds: a pointer to one of the types of this file.
type Message interface {
	kind() Kind
	fields(c *codec)
}

const (
	kindHello Kind = iota + 1
	kindJob
	kindNeed
	kindProgram
	kindSend
	kindPiece
	kindStarted
	kindNotStarted
	kindExit
	kindInit
	kindJoin
	kindAbort
	kindClosed
	kindStray
	kindNews
	kindOutput
	kindTaken
	kindShut
	kindInput
	kindInputTaken
	kindWaiting
	kindPuts
	kindArrived
	kindRelease
	kindNames
	kindNamed
	kindSignal
	kindAsk
	kindTold
	kindFinish
	kindFinished
	kindPing
)

func newMessage(k Kind) Message {
	switch k {
	case kindHello:
		return &Hello{}
	case kindJob:
		return &Job{}
	case kindNeed:
		return &Need{}
	case kindProgram:
		return &Program{}
	case kindSend:
		return &Send{}
	case kindPiece:
		return &Piece{}
	case kindStarted:
		return &Started{}
	case kindNotStarted:
		return &NotStarted{}
	case kindExit:
		return &Exit{}
	case kindInit:
		return &Init{}
	case kindJoin:
		return &Join{}
	case kindAbort:
		return &Abort{}
	case kindClosed:
		return &Closed{}
	case kindStray:
		return &Stray{}
	case kindNews:
		return &News{}
	case kindOutput:
		return &Output{}
	case kindTaken:
		return &Taken{}
	case kindShut:
		return &Shut{}
	case kindInput:
		return &Input{}
	case kindInputTaken:
		return &InputTaken{}
	case kindWaiting:
		return &Waiting{}
	case kindPuts:
		return &Puts{}
	case kindArrived:
		return &Arrived{}
	case kindRelease:
		return &Release{}
	case kindNames:
		return &Names{}
	case kindNamed:
		return &Named{}
	case kindSignal:
		return &Signal{}
	case kindAsk:
		return &Ask{}
	case kindTold:
		return &Told{}
	case kindFinish:
		return &Finish{}
	case kindFinished:
		return &Finished{}
	case kindPing:
		return &Ping{}
	}
	return nil
}

// Hello is the agent's first word.
type Hello struct {
	Version string // of Ringo
	Peer    string // the address of mpiexec's host as this one sees it, "" if it is not known
	Own     string // the address at which mpiexec has reached this host
}

func (*Hello) kind() Kind { return kindHello }
func (m *Hello) fields(c *codec) {
	c.string(&m.Version)
	c.string(&m.Peer)
	c.string(&m.Own)
}

// Job describes the job to an agent.
type Job struct {
	ID        string // of the job, in hexadecimal digits
	Key       []byte // of the job
	Table     string // the name of the process manager's table of keys
	Host      int    // the agent's number
	Hosts     []string
	Place     []int // the host of each rank
	Apps      []App
	Universe  int
	Stdin     int  // the rank that reads the standard input; -1: all; -2: none
	Output    int  // 1: standard output is wanted; 2: standard error; 3: both
	Preload   bool // programs are sent also where they are there
	Silence   int  // after as many seconds without a word the other end is lost
	Listen    string
	Interface string
	Bind      Bind
}

func (*Job) kind() Kind { return kindJob }
func (m *Job) fields(c *codec) {
	c.string(&m.ID)
	c.bytes(&m.Key)
	c.string(&m.Table)
	c.int(&m.Host)
	c.strings(&m.Hosts)
	c.ints(&m.Place)
	list(c, &m.Apps, appFields)
	c.int(&m.Universe)
	c.int(&m.Stdin)
	c.int(&m.Output)
	c.bool(&m.Preload)
	c.int(&m.Silence)
	c.string(&m.Listen)
	c.string(&m.Interface)
	m.Bind.fields(c)
}

// App is a program of the job.
type App struct {
	Path  string
	Args  []string
	Name  string
	Env   []string
	Dir   string
	Ranks int
}

func appFields(c *codec, a *App) {
	c.string(&a.Path)
	c.strings(&a.Args)
	c.string(&a.Name)
	c.strings(&a.Env)
	c.string(&a.Dir)
	c.int(&a.Ranks)
}

// Bind says how the ranks of each host are bound to its CPUs.
type Bind struct {
	To, By string // the values of -bind-to and -map-by
	Slots  []Slot // of a rankfile
	Given  bool   // there is a rankfile
	Report bool   // say where each rank is bound
}

// Slot is one part of the cores of a rank: see package hosts. A rank that is not bound
// has none.
type Slot struct {
	Rank, Socket, First, Last int
	File                      string // where it was written
	Line                      int
}

func (m *Bind) fields(c *codec) {
	c.string(&m.To)
	c.string(&m.By)
	list(c, &m.Slots, func(c *codec, s *Slot) {
		c.int(&s.Rank)
		c.int(&s.Socket)
		c.int(&s.First)
		c.int(&s.Last)
		c.string(&s.File)
		c.int(&s.Line)
	})
	c.bool(&m.Given)
	c.bool(&m.Report)
}

// Need asks for a program that is missing on the agent's host.
type Need struct{ App int }

func (*Need) kind() Kind        { return kindNeed }
func (m *Need) fields(c *codec) { c.int(&m.App) }

// Program says what the program is, or why it cannot be had.
type Program struct {
	Hash  string
	Size  int64
	Error string
}

func (*Program) kind() Kind { return kindProgram }
func (m *Program) fields(c *codec) {
	c.string(&m.Hash)
	c.long(&m.Size)
	c.string(&m.Error)
}

// Send asks for the pieces of the program.
type Send struct{}

func (*Send) kind() Kind    { return kindSend }
func (*Send) fields(*codec) {}

// Piece is a piece of a program; an empty one says that it could not be read.
type Piece struct{ Data []byte }

func (*Piece) kind() Kind        { return kindPiece }
func (m *Piece) fields(c *codec) { c.bytes(&m.Data) }

// Started says that all ranks of the host have been started.
type Started struct {
	Pids   []int // in the order of the ranks
	Report []string
}

func (*Started) kind() Kind { return kindStarted }
func (m *Started) fields(c *codec) {
	c.ints(&m.Pids)
	c.strings(&m.Report)
}

// NotStarted says that they have not been, and why.
type NotStarted struct {
	Rank  int // -1: it is no matter of one rank
	What  string
	Error string
	Errno int // 0: the error has no number
}

func (*NotStarted) kind() Kind { return kindNotStarted }
func (m *NotStarted) fields(c *codec) {
	c.int(&m.Rank)
	c.string(&m.What)
	c.string(&m.Error)
	c.int(&m.Errno)
}

// End is how a process has ended.
type End struct {
	Code   int
	Signal int
	Core   bool
	Limit  int64 // the memory limit that was reached, in bytes
}

func (m *End) fields(c *codec) {
	c.int(&m.Code)
	c.int(&m.Signal)
	c.bool(&m.Core)
	c.long(&m.Limit)
}

// Exit says that the process of a rank has ended.
type Exit struct {
	Rank int
	End  End
}

func (*Exit) kind() Kind { return kindExit }
func (m *Exit) fields(c *codec) {
	c.int(&m.Rank)
	m.End.fields(c)
}

// Init says that a rank uses the process manager.
type Init struct{ Rank int }

func (*Init) kind() Kind        { return kindInit }
func (m *Init) fields(c *codec) { c.int(&m.Rank) }

// Join says that the program of a rank is another process than the one that was
// started, and that its end will be told.
type Join struct{ Rank int }

func (*Join) kind() Kind        { return kindJoin }
func (m *Join) fields(c *codec) { c.int(&m.Rank) }

// Abort says that a rank has called Abort.
type Abort struct {
	Rank, Code int
	Text       string
}

func (*Abort) kind() Kind { return kindAbort }
func (m *Abort) fields(c *codec) {
	c.int(&m.Rank)
	c.int(&m.Code)
	c.string(&m.Text)
}

// Closed says that nobody holds the channel of a rank any more.
type Closed struct {
	Rank   int
	Active bool
	Error  string
}

func (*Closed) kind() Kind { return kindClosed }
func (m *Closed) fields(c *codec) {
	c.int(&m.Rank)
	c.bool(&m.Active)
	c.string(&m.Error)
}

// Stray says that the program of a rank, which [Join] has told of, has ended.
type Stray struct {
	Rank  int
	End   End
	Known bool
}

func (*Stray) kind() Kind { return kindStray }
func (m *Stray) fields(c *codec) {
	c.int(&m.Rank)
	m.End.fields(c)
	c.bool(&m.Known)
}

// News says how far ranks have come and where they can be reached, in the order in
// which it happened.
type News struct{ Ranks []Fact }

// Fact is what is known of a rank.
type Fact struct {
	Rank    int
	State   int
	Cause   string
	Address string
}

func (*News) kind() Kind { return kindNews }
func (m *News) fields(c *codec) {
	list(c, &m.Ranks, func(c *codec, f *Fact) {
		c.int(&f.Rank)
		c.int(&f.State)
		c.string(&f.Cause)
		c.string(&f.Address)
	})
}

// Output is what a rank has written; nothing at the end of the stream.
type Output struct {
	Rank, Stream int
	Data         []byte
}

func (*Output) kind() Kind { return kindOutput }
func (m *Output) fields(c *codec) {
	c.int(&m.Rank)
	c.int(&m.Stream)
	c.bytes(&m.Data)
}

// Taken says how many more bytes of output have been passed on.
type Taken struct{ Bytes int }

func (*Taken) kind() Kind        { return kindTaken }
func (m *Taken) fields(c *codec) { c.int(&m.Bytes) }

// Shut says that nobody reads a stream of a rank any more.
type Shut struct{ Rank, Stream int }

func (*Shut) kind() Kind { return kindShut }
func (m *Shut) fields(c *codec) {
	c.int(&m.Rank)
	c.int(&m.Stream)
}

// Input is what a rank may read; nothing at the end.
type Input struct {
	Rank int
	Data []byte
}

func (*Input) kind() Kind { return kindInput }
func (m *Input) fields(c *codec) {
	c.int(&m.Rank)
	c.bytes(&m.Data)
}

// InputTaken says how many more bytes a rank has been given; -1: it wants no more.
type InputTaken struct{ Rank, Bytes int }

func (*InputTaken) kind() Kind { return kindInputTaken }
func (m *InputTaken) fields(c *codec) {
	c.int(&m.Rank)
	c.int(&m.Bytes)
}

// Waiting says that a rank of the host waits in the process manager's barrier.
type Waiting struct{}

func (*Waiting) kind() Kind    { return kindWaiting }
func (*Waiting) fields(*codec) {}

// Pair is a key and its value.
type Pair struct{ Key, Value string }

func pairFields(c *codec, p *Pair) {
	c.string(&p.Key)
	c.string(&p.Value)
}

// Puts are keys and values that ranks of other hosts, or of the agent's, have put.
type Puts struct{ Pairs []Pair }

func (*Puts) kind() Kind        { return kindPuts }
func (m *Puts) fields(c *codec) { list(c, &m.Pairs, pairFields) }

// Arrived says that all ranks of the host are in the barrier; what they have put came
// before.
type Arrived struct{}

func (*Arrived) kind() Kind    { return kindArrived }
func (*Arrived) fields(*codec) {}

// Release says that all hosts are; what the others have put came before.
type Release struct{}

func (*Release) kind() Kind    { return kindRelease }
func (*Release) fields(*codec) {}

// Names is a command of the process manager about published names.
type Names struct {
	Number int
	Line   string
}

func (*Names) kind() Kind { return kindNames }
func (m *Names) fields(c *codec) {
	c.int(&m.Number)
	c.string(&m.Line)
}

// Named is the answer to it.
type Named struct {
	Number int
	Line   string
}

func (*Named) kind() Kind { return kindNamed }
func (m *Named) fields(c *codec) {
	c.int(&m.Number)
	c.string(&m.Line)
}

// Signal is for one rank, or for all of the host that run.
type Signal struct {
	Rank   int // -1: all
	Except int // … but this one; -1: none
	Signal int
}

func (*Signal) kind() Kind { return kindSignal }
func (m *Signal) fields(c *codec) {
	c.int(&m.Rank)
	c.int(&m.Except)
	c.int(&m.Signal)
}

// Ask asks where the ranks of the host stand.
type Ask struct {
	Number int
	Stacks bool
	Limit  int // milliseconds for the answer
}

func (*Ask) kind() Kind { return kindAsk }
func (m *Ask) fields(c *codec) {
	c.int(&m.Number)
	c.bool(&m.Stacks)
	c.int(&m.Limit)
}

// Told is the answer: what is known of each rank, in their order.
type Told struct {
	Number int
	Stands []Stand
}

// Stand is where a rank stands.
type Stand struct {
	Asked, Current, InCall bool
	Text                   string
}

func (*Told) kind() Kind { return kindTold }
func (m *Told) fields(c *codec) {
	c.int(&m.Number)
	list(c, &m.Stands, func(c *codec, s *Stand) {
		c.bool(&s.Asked)
		c.bool(&s.Current)
		c.bool(&s.InCall)
		c.string(&s.Text)
	})
}

// Finish says that the job is over.
type Finish struct{}

func (*Finish) kind() Kind    { return kindFinish }
func (*Finish) fields(*codec) {}

// Finished says that nothing of it is left on the host, and that all output has been
// sent.
type Finished struct{}

func (*Finished) kind() Kind    { return kindFinished }
func (*Finished) fields(*codec) {}

// Ping says that its sender lives.
type Ping struct{}

func (*Ping) kind() Kind    { return kindPing }
func (*Ping) fields(*codec) {}
