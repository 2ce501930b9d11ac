// Messages through Watermill's SQL pub/sub on PostgreSQL: what ours are raced against.
//
// Each line of standard input is a number of messages, which 64 goroutines publish, each message in a transaction of its
// own, as an outbox does. Once the last is handled and acknowledged, a line says how long all took and how long the
// slowest one of a hundred took from the call that published it to its handler, both in nanoseconds.
package main

import (
	"bufio"
	"context"
	stdsql "database/sql"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-sql/v3/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	_ "github.com/lib/pq"
)

const (
	topic  = "pushed"
	atOnce = 64
	length = 256
)

func main() {
	db, err := stdsql.Open("postgres", os.Args[1])
	check(err)
	db.SetMaxOpenConns(atOnce + 4)
	db.SetMaxIdleConns(atOnce + 4)
	schema := sql.DefaultPostgreSQLSchema{
		GeneratePayloadType: func(string) string { return "BYTEA" },
		// Ten times the default: it is faster.
		SubscribeBatchSize: 1000,
	}
	subscriber, err := sql.NewSubscriber(db, sql.SubscriberConfig{
		ConsumerGroup:    "take",
		SchemaAdapter:    schema,
		OffsetsAdapter:   sql.DefaultPostgreSQLOffsetsAdapter{},
		InitializeSchema: true,
		// The default is a second.
		PollInterval: 5 * time.Millisecond,
	}, watermill.NopLogger{})
	check(err)
	messages, err := subscriber.Subscribe(context.Background(), topic)
	check(err)

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		count, err := strconv.Atoi(lines.Text())
		check(err)
		begun := time.Now()
		var publishers sync.WaitGroup
		for range atOnce {
			publishers.Go(func() { publish(db, schema, count/atOnce) })
		}
		latencies := make([]time.Duration, 0, count)
		for range count / atOnce * atOnce {
			m := <-messages
			latencies = append(latencies, time.Duration(time.Now().UnixNano()-int64(binary.LittleEndian.Uint64(m.Payload))))
			m.Ack()
		}
		publishers.Wait()
		all := time.Since(begun)
		slices.Sort(latencies)
		fmt.Println(all.Nanoseconds(), latencies[len(latencies)*99/100].Nanoseconds())
	}
	check(lines.Err())
}

func publish(db *stdsql.DB, schema sql.SchemaAdapter, count int) {
	for range count {
		payload := make([]byte, length)
		binary.LittleEndian.PutUint64(payload, uint64(time.Now().UnixNano()))
		tx, err := db.Begin()
		check(err)
		publisher, err := sql.NewPublisher(tx, sql.PublisherConfig{SchemaAdapter: schema}, watermill.NopLogger{})
		check(err)
		check(publisher.Publish(topic, message.NewMessage(watermill.NewUUID(), payload)))
		check(tx.Commit())
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
