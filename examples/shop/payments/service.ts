import { EventEmitter } from 'node:events'
import { findBatch } from '../support/batch.ts'
import type { GrpcFault } from '../support/faults.ts'
import { startGrpcService } from '../support/grpc-service.ts'
import { loadProto } from '../support/proto.ts'
import { Refusal } from '../support/refusal.ts'
import type { RunningService, ServiceOptions } from '../support/running-service.ts'
import { openPaymentStore } from './payment-store.ts'

const maxIds = 200

interface CaptureRequest {
  readonly orderId?: string
  readonly card?: { readonly token?: string }
  readonly wallet?: { readonly walletId?: string }
}

/** How orders are paid for: gRPC without HTTP annotations. */
export function startPayments(options: ServiceOptions = {}): Promise<RunningService<GrpcFault>> {
  const { now = () => new Date() } = options
  const store = openPaymentStore(now)
  /** One event per order id. */
  const changed = new EventEmitter().setMaxListeners(0)

  const answers = {
    GetPayment({ id = '' }: { id?: string }) {
      const payment = store.find(id)
      if (!payment) throw new Refusal('NOT_FOUND', `No payment ${id || 'without an id'}.`)
      return payment
    },

    BatchGetByOrder: ({ orderIds = [] }: { orderIds?: string[] }) => ({
      payments: findBatch(orderIds, maxIds, (id) => store.findByOrder(id)),
    }),

    Capture({ orderId = '', card, wallet }: CaptureRequest) {
      if (!card?.token && !wallet?.walletId) {
        throw new Refusal('INVALID_ARGUMENT', 'Capture needs a card with a token or a wallet with a wallet_id.')
      }
      const before = store.findByOrder(orderId)
      const payment = store.capture(orderId)
      if (payment !== before) changed.emit(orderId, payment)
      return payment
    },
  }
  const watches = {
    WatchPayment({ orderId = '' }: { orderId?: string }, send: (payment: object) => void) {
      const payment = store.findByOrder(orderId)
      if (payment) send(payment)
      changed.on(orderId, send)
      return () => void changed.off(orderId, send)
    },
  }
  return startGrpcService(
    {
      name: 'payments',
      service: 'shop.payments.v1.Payments',
      root: loadProto('shop/payments/v1/payments.proto'),
      answers,
      watches,
    },
    options,
  )
}
