// weft-gqlcheck as a function: one process, one line each way.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export class Checker {
  #process
  #waiting = []
  #failure

  constructor(program) {
    this.#process = spawn(program, ['--lines'], { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: this.#process.stdout, crlfDelay: Infinity }).on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line)))
    this.#process.on('error', (error) => this.#end(error))
    this.#process.on('exit', (code, signal) => this.#end(new Error(`weft-gqlcheck ended early: ${signal ?? code}`)))
    this.#process.stdin.on('error', () => {})
  }

  #end(error) {
    this.#failure = error
    for (const each of this.#waiting.splice(0)) each.reject(error)
  }

  ask(request) {
    if (this.#failure) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#process.stdin.write(`${JSON.stringify(request)}\n`)
    })
  }

  close() {
    this.#process.stdin.end()
  }
}
