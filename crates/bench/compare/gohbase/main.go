// The Go client gohbase on a real HBase: does what each line of standard input says, and prints how
// many rows it was and how many seconds it took. `cargo xtask compare` builds and starts it.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tsuna/gohbase"
	"github.com/tsuna/gohbase/hrpc"
)

const (
	family    = "ids"
	qualifier = "ooid"
	value     = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508"
	// Rows of one fetch of a scan.
	caching = 1000
	// It gathers calls of many goroutines; this many fill its queue several times over.
	loaders = 1000
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gohbase ZOOKEEPER, with commands in standard input")
		os.Exit(2)
	}
	client := gohbase.NewClient(os.Args[1])
	defer client.Close()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		start := time.Now()
		rows, err := do(client, strings.Fields(lines.Text()))
		if err != nil {
			fmt.Fprintf(os.Stderr, "gohbase: %s: %v\n", lines.Text(), err)
			os.Exit(1)
		}
		fmt.Printf("= %d %f\n", rows, time.Since(start).Seconds())
	}
}

func do(client gohbase.Client, words []string) (int64, error) {
	number := func(index int) int64 {
		if index >= len(words) {
			return 0
		}
		number, _ := strconv.ParseInt(words[index], 10, 64)
		return number
	}
	if len(words) < 2 {
		return 0, errors.New("a command and a table are missing")
	}
	table := words[1]
	switch words[0] {
	case "load":
		return load(client, table, number(2))
	case "scan":
		return scan(client, table)
	case "get":
		return repeat(number(2), number(3), number(4), func(row int64) error {
			get, err := hrpc.NewGetStr(context.Background(), table, key(row), hrpc.SkipBatch())
			if err != nil {
				return err
			}
			result, err := client.Get(get)
			if err == nil && len(result.Cells) != 1 {
				err = fmt.Errorf("row %d has %d cells", row, len(result.Cells))
			}
			return err
		})
	case "put":
		return repeat(number(2), number(3), number(4), func(row int64) error {
			return put(client, table, row, hrpc.SkipBatch())
		})
	}
	return 0, fmt.Errorf("there is no command %s", words[0])
}

func key(row int64) string {
	return fmt.Sprintf("row-%012d", row)
}

func put(client gohbase.Client, table string, row int64, options ...func(hrpc.Call) error) error {
	values := map[string]map[string][]byte{family: {qualifier: []byte(value)}}
	put, err := hrpc.NewPutStr(context.Background(), table, key(row), values, options...)
	if err != nil {
		return err
	}
	_, err = client.Put(put)
	return err
}

func load(client gohbase.Client, table string, rows int64) (int64, error) {
	var next int64
	return rows, parallel(loaders, func() error {
		for row := atomic.AddInt64(&next, 1) - 1; row < rows; row = atomic.AddInt64(&next, 1) - 1 {
			if err := put(client, table, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func scan(client gohbase.Client, table string) (int64, error) {
	request, err := hrpc.NewScanStr(context.Background(), table, hrpc.NumberOfRows(caching))
	if err != nil {
		return 0, err
	}
	scanner := client.Scan(request)
	var rows int64
	for {
		_, err := scanner.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows++
	}
}

// repeat makes calls about random rows from several threads until the time is over.
func repeat(rows, threads, seconds int64, call func(row int64) error) (int64, error) {
	var calls int64
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	err := parallel(threads, func() error {
		random := rand.New(rand.NewSource(rand.Int63()))
		for time.Now().Before(end) {
			if err := call(random.Int63n(rows)); err != nil {
				return err
			}
			atomic.AddInt64(&calls, 1)
		}
		return nil
	})
	return calls, err
}

func parallel(threads int64, work func() error) error {
	failures := make(chan error, threads)
	var group sync.WaitGroup
	for thread := int64(0); thread < threads; thread++ {
		group.Add(1)
		go func() {
			defer group.Done()
			failures <- work()
		}()
	}
	group.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}
