/** What is wrong with a blueprint, where, and in words that hold no secret. */
import { Fault } from '../core/fault.ts';

/** Names file, line and reason. Nothing has changed when it is thrown by `apply`. */
export class BlueprintFault extends Fault {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly reason: string;
  constructor(file: string, line: number, reason: string, cause?: unknown) {
    const message = `${file}:${line}: ${reason}`;
    super('blueprint_invalid', message, { fields: { content: [message] }, ...(cause !== undefined && { cause }) });
    this.file = file;
    this.line = line;
    this.reason = reason;
  }
}
