module p4rtd.invalid/test/clients/go

go 1.26.0

require (
	github.com/p4lang/p4runtime v1.5.0
	google.golang.org/grpc v1.79.0
	google.golang.org/protobuf v1.36.12
)

require (
	golang.org/x/net v0.48.0 // indirect
	golang.org/x/sys v0.39.0 // indirect
	golang.org/x/text v0.32.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261019180522-ce908d29299b // indirect
)
