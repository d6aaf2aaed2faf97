package main

import (
	"context"
	"log"
	"net"
	"os"

	"github.com/nats-io/nats.go"
	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"google.golang.org/grpc"

	pb "example.org/parcel/tracking/proto"
)

type server struct {
	pb.UnimplementedTrackingServer
	parcels *mongo.Collection
	bus     *nats.Conn
}

func (s *server) Where(ctx context.Context, r *pb.WhereRequest) (*pb.WhereReply, error) {
	var found struct{ Depot string }
	if err := s.parcels.FindOne(ctx, bson.M{"_id": r.Parcel}).Decode(&found); err != nil {
		return nil, err
	}
	return &pb.WhereReply{Depot: found.Depot}, nil
}

func (s *server) Move(ctx context.Context, r *pb.MoveRequest) (*pb.WhereReply, error) {
	if _, err := s.parcels.UpdateByID(ctx, r.Parcel, bson.M{"$set": bson.M{"depot": r.Depot}}); err != nil {
		return nil, err
	}
	if err := s.bus.Publish("parcels.moved", []byte(r.Parcel)); err != nil {
		return nil, err
	}
	return &pb.WhereReply{Depot: r.Depot}, nil
}

func main() {
	client, err := mongo.Connect(context.Background(), options.Client().ApplyURI(os.Getenv("MONGO_URL")))
	if err != nil {
		log.Fatal(err)
	}
	bus, err := nats.Connect(os.Getenv("NATS_URL"))
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", ":50051")
	if err != nil {
		log.Fatal(err)
	}
	s := grpc.NewServer()
	pb.RegisterTrackingServer(s, &server{parcels: client.Database("parcel").Collection("parcels"), bus: bus})
	log.Fatal(s.Serve(listener))
}
