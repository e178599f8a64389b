/**
 * One virtual machine: QuickJS compiled to WebAssembly, with its memory kept as it was before the first evaluation.
 *
 * Nothing that one evaluation does is seen by the next, because the whole memory is written back: prototypes,
 * globals, pending promises and the job queue are all bytes in it.
 */
import { randomFillSync } from 'node:crypto';
import { QuickJS } from 'quickjs-wasi';
import type { JSValueHandle, QuickJSOptions, Snapshot } from 'quickjs-wasi';
import type { ThreadData } from './messages.ts';
import { prelude } from './prelude.ts';

export type Machine = {
  readonly vm: QuickJS;
  /** The functions of the prelude. Good until the machine is rewound. */
  readonly prelude: () => Prelude;
  /** From this moment (of `performance.now`) on, running code is ended by throwing `DeadlineReached` through it. */
  readonly setDeadline: (moment: number) => void;
  /** Bytes of its memory. */
  readonly size: () => number;
  /** Writes the memory back. False when the machine must be replaced. */
  readonly rewind: () => boolean;
};

type Prelude = {
  readonly start: JSValueHandle;
  readonly answer: JSValueHandle;
  readonly collect: JSValueHandle;
  /** The value `undefined`. */
  readonly nothing: JSValueHandle;
};

/** Leaves the machine's stack as it is: the machine can only be thrown away afterwards. */
export class DeadlineReached extends Error {}

/** Where the values of the prelude lie in the kept memory. */
type PreludeTokens = Readonly<Record<keyof Prelude, number>>;

/** Free memory that a machine begins with, so that a usual evaluation does not make it grow. */
const headroomBytes = 512 * 1024;

/** Compiles the machine, runs the prelude in it and keeps its memory. The function returned makes copies. */
export const prepareMachines = async (
  wasm: Uint8Array<ArrayBuffer>,
  data: ThreadData,
): Promise<() => Promise<Machine>> => {
  const module = await WebAssembly.compile(wasm);
  const vm = await QuickJS.create(settings(module, data));
  const random = vm.newFunction('random', () => vm.newNumber(randomFraction()));
  vm.setProp(vm.global, 'hostRandom', random);
  const exported = vm.evalCode(prelude, 'prelude');
  const token = (name: keyof Prelude): number => vm.exportHandle(exported.getProp(name));
  const tokens: PreludeTokens = {
    start: token('start'),
    answer: token('answer'),
    collect: token('collect'),
    nothing: token('nothing'),
  };
  vm.evalCode(`'x'.repeat(${headroomBytes}); undefined`, 'prelude');
  vm.runGC();
  const pristine = vm.snapshot();
  return () => openMachine(module, data, pristine, tokens);
};

const openMachine = async (
  module: WebAssembly.Module,
  data: ThreadData,
  pristine: Snapshot,
  tokens: PreludeTokens,
): Promise<Machine> => {
  let deadline = Number.POSITIVE_INFINITY;
  let memory: WebAssembly.Memory | undefined;
  const vm = await QuickJS.restore(pristine, {
    ...settings(module, data),
    interruptHandler: () => {
      // Thrown through the machine's own frames, so no `catch` or `finally` of the author sees it.
      if (performance.now() >= deadline) throw new DeadlineReached();
      return false;
    },
    wasi: (itsMemory) => {
      memory = itsMemory;
      return silentOutput;
    },
  });
  vm.registerHostCallback('random', () => vm.newNumber(randomFraction()));
  return {
    vm,
    prelude: () => ({
      start: vm.importHandle(tokens.start),
      answer: vm.importHandle(tokens.answer),
      collect: vm.importHandle(tokens.collect),
      nothing: vm.importHandle(tokens.nothing),
    }),
    setDeadline: (moment) => {
      deadline = moment;
    },
    size: () => memory?.buffer.byteLength ?? 0,
    rewind: () => {
      // WebAssembly memory cannot shrink, so a machine that grew is replaced.
      if (memory === undefined || memory.buffer.byteLength !== pristine.memory.length) return false;
      new Uint8Array(memory.buffer).set(pristine.memory);
      return true;
    },
  };
};

/** The machine may not write to the output of the process. 8 is "bad file descriptor" (WASI preview 1, `errno`). */
const silentOutput = { fd_write: (): number => 8 };

const settings = (module: WebAssembly.Module, data: ThreadData): QuickJSOptions => ({
  wasm: module,
  memoryLimit: data.memoryBytes,
  maxStackSize: data.stackBytes,
  timezoneOffset: 0,
  // The handler itself is set when a machine is opened; that there is one is part of the kept memory.
  interruptHandler: () => false,
  wasi: () => silentOutput,
});

const randomFraction = (): number => {
  const words = randomFillSync(new Uint32Array(2));
  return ((words[0] ?? 0) * 2 ** 21 + ((words[1] ?? 0) >>> 11)) / 2 ** 53;
};
