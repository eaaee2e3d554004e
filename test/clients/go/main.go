// Command failing-writes sends Writes that fail, and prints what a client of grpc-go with its default
// options sees of each, one JSON object a line.
//
// usage: failing-writes ADDRESS REQUEST...
//
// REQUEST: files with a serialized p4.v1.WriteRequest each.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	p4 "github.com/p4lang/p4runtime/go/p4/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// answer is a failed Write as the client sees it; Slots is nil without details.
type answer struct {
	Code    int     `json:"code"`
	Message string  `json:"message"`
	Slots   []int32 `json:"slots"`
}

func main() {
	address, paths := os.Args[1], os.Args[2:]
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	client := p4.NewP4RuntimeClient(connection)
	out := json.NewEncoder(os.Stdout)
	for _, path := range paths {
		if err := out.Encode(write(client, path)); err != nil {
			log.Fatal(err)
		}
	}
}

func write(client p4.P4RuntimeClient, path string) answer {
	bytes, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	request := &p4.WriteRequest{}
	if err := proto.Unmarshal(bytes, request); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err = client.Write(ctx, request)
	failure := status.Convert(err)
	seen := answer{Code: int(failure.Code()), Message: failure.Message()}
	for _, detail := range failure.Details() {
		slot, ok := detail.(*p4.Error)
		if !ok {
			log.Fatalf("a detail that is no p4.v1.Error: %v", detail)
		}
		seen.Slots = append(seen.Slots, slot.GetCanonicalCode())
	}
	return seen
}
