import * as grpc from '@grpc/grpc-js';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { monitoringserver } from '@statemanager/proto';
import { announce } from './announce.ts';

/** grpc-js with the generated decoder, answering a report with one constant. */
const server = new grpc.Server();
server.addService(
  {
    sendChangedContainerList: {
      path: '/statemanager.StateManagerConnection/SendChangedContainerList',
      requestStream: false,
      responseStream: false,
      requestDeserialize: (bytes: Buffer) => fromBinary(monitoringserver.ContainerListSchema, bytes),
      requestSerialize: () => Buffer.alloc(0),
      responseSerialize: (resp: string) => {
        const schema = monitoringserver.SendContainerListResponseSchema;
        return Buffer.from(toBinary(schema, create(schema, { resp })));
      },
      responseDeserialize: String,
    },
  },
  { sendChangedContainerList: (_: unknown, done: grpc.sendUnaryData<string>) => done(null, 'ok') },
);
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  announce({ address: '127.0.0.1', port, family: 'IPv4' });
});
