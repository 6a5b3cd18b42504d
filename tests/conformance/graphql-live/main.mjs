import './live.mjs'
import './streams.mjs'
import './protocol.mjs'
import './legacy.mjs'
import './sse.mjs'
import { runAll } from './harness.mjs'

await runAll()
