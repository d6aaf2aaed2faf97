import * as grpc from '@grpc/grpc-js'
import * as loader from '@grpc/proto-loader'
import Fastify from 'fastify'

const definition = loader.loadSync('proto/tracking.proto')
const contract = grpc.loadPackageDefinition(definition) as any
const tracking = new contract.parcel.v1.Tracking(
  process.env.TRACKING_ADDRESS,
  grpc.credentials.createInsecure(),
)

const app = Fastify()

app.get('/parcels/:id', (request: any, reply) => {
  const deadline = Date.now() + 1500
  tracking.where({ parcel: request.params.id }, { deadline }, (error: Error | null, answer: any) => {
    if (error) {
      reply.code(502).send({ error: error.message })
    } else {
      reply.send({ depot: answer.depot })
    }
  })
})

app.listen({ port: 3000, host: '0.0.0.0' })
