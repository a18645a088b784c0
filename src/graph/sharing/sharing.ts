import type { Clock } from '../../kernel/clock.ts'
import type { Invoke } from '../execute/loads.ts'
import type { Binding } from '../graph.ts'
import { createSharedCalls, type SharedCalls } from './calls.ts'
import { createSharedOperations, type SharedOperations } from './operations.ts'

export type SharingOptions = {
  /** Names of the services whose safe calls are shared. */
  readonly services: Iterable<string>
  readonly clock: Clock
  /** Told of every call of a service that was answered by another's. */
  readonly observeCall: (service: string) => void
}

/** What a generation shares across requests: nothing, unless a service or a BFF asks for it. */
export type Sharing = {
  readonly operations: SharedOperations
  /** A binding's call, shared where its service says so; one that changes something ends what was shared before it. */
  share(binding: Binding, invoke: Invoke): Invoke
  /** Whatever is asked from now on is asked anew: what is in flight may not know of a change that is over. */
  changed(): void
}

export const createSharing = ({ services, clock, observeCall }: SharingOptions): Sharing => {
  const calls = new Map(
    [...services].map((service): [string, SharedCalls] => [
      service,
      createSharedCalls({ service, clock, observe: observeCall }),
    ]),
  )
  const operations = createSharedOperations(clock)
  const changed = (): void => {
    operations.forget()
    for (const shared of calls.values()) shared.forget()
  }
  return {
    operations,
    changed,
    share(binding, invoke) {
      if (binding.safe) return calls.get(binding.request.service)?.share(binding, invoke) ?? invoke
      return (rendered, context) => invoke(rendered, context).finally(changed)
    },
  }
}
