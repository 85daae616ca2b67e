//go:build unix

package start

import (
	"errors"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/tcp"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// What the environment says about connections, and what makes no sense.
func TestNetwork(t *testing.T) {
	usual := tcp.Config{Listen: "127.0.0.1:0"}
	for _, c := range []struct {
		env    map[string]string
		listen string
		ports  tcp.Ports
		time   time.Duration
		wrong  bool
	}{
		{listen: "127.0.0.1:0"},
		{env: map[string]string{"RINGO_ADDRESS": "10.0.0.1"}, listen: "10.0.0.1:0"},
		{env: map[string]string{"RINGO_ADDRESS": "10.0.0.1, fd00::1,[::1]"}, listen: "10.0.0.1:0,[fd00::1]:0,[::1]:0"},
		{env: map[string]string{"RINGO_ADDRESS": "myhost"}, wrong: true},
		{env: map[string]string{"RINGO_ADDRESS": "10.0.0.1:80"}, wrong: true},
		{env: map[string]string{"RINGO_ADDRESS": "fe80::1%eth0"}, wrong: true},
		{env: map[string]string{"RINGO_ADDRESS": "10.0.0.1,"}, wrong: true},
		{env: map[string]string{"RINGO_PORT_RANGE": "5000:5010"}, listen: "127.0.0.1:0", ports: tcp.Ports{First: 5000, Last: 5010}},
		{env: map[string]string{"RINGO_PORT_RANGE": "65535:65535"}, listen: "127.0.0.1:0", ports: tcp.Ports{First: 65535, Last: 65535}},
		{env: map[string]string{"RINGO_PORT_RANGE": "5010:5000"}, wrong: true},
		{env: map[string]string{"RINGO_PORT_RANGE": "0:10"}, wrong: true},
		{env: map[string]string{"RINGO_PORT_RANGE": "5000"}, wrong: true},
		{env: map[string]string{"RINGO_PORT_RANGE": "5000:70000"}, wrong: true},
		{env: map[string]string{"RINGO_NET_TIMEOUT": "3"}, listen: "127.0.0.1:0", time: 3 * time.Second},
		{env: map[string]string{"RINGO_NET_TIMEOUT": "1.5"}, listen: "127.0.0.1:0", time: 1500 * time.Millisecond},
		{env: map[string]string{"RINGO_NET_TIMEOUT": "2m"}, listen: "127.0.0.1:0", time: 2 * time.Minute},
		{env: map[string]string{"RINGO_NET_TIMEOUT": "0"}, wrong: true},
		{env: map[string]string{"RINGO_NET_TIMEOUT": "soon"}, wrong: true},
		{env: map[string]string{"RINGO_NET_TIMEOUT": "NaN"}, wrong: true},
		{env: map[string]string{"RINGO_NET_TIMEOUT": "1e300"}, wrong: true},
	} {
		got := usual
		err := network(&got, func(name string) string { return c.env[name] })
		switch {
		case c.wrong:
			if !errors.Is(err, engine.ErrArg) {
				t.Errorf("%v: error %v", c.env, err)
			}
		case err != nil || got.Listen != c.listen || got.Ports != c.ports || got.Timeout != c.time:
			t.Errorf("%v: %q, %v, %v, error %v", c.env, got.Listen, got.Ports, got.Timeout, err)
		}
	}
}
