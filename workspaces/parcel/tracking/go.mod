module example.org/parcel/tracking

go 1.24

require (
	github.com/nats-io/nats.go v1.37.0
	go.mongodb.org/mongo-driver v1.17.0
	google.golang.org/grpc v1.66.0
)
