/**
 * The trie of an Aho-Corasick automaton, laid out for small memory: 10 bytes a
 * state, and rows of 256 only for the states one byte below the root.
 *
 * @module
 */

import { STATES_A_SLICE } from "./slices.ts";

/**
 * A frozen trie. States are numbered breadth first, root 0, so the children of
 * `s` are the states `child[s]` to `child[s + 1]`, by rising label, and every
 * state's `fail` is a smaller number.
 *
 * @see Aho and Corasick, "Efficient string matching", CACM 18(6), 1975
 */
export interface Trie {
  /** Number of states. */
  readonly states: number;
  /** The byte that leads into a state. */
  readonly label: Uint8Array;
  /** First child of a state; one entry more than states. */
  readonly child: Int32Array;
  /** The state of the longest proper suffix that is in the trie. */
  readonly fail: Int32Array;
  /** Bytes from the root. */
  readonly depth: Uint8Array;
  /** States of depth 0 and 1: those with a row in `dense`. */
  readonly denseStates: number;
  /** `dense[state << 8 | byte]`: the next state, failures already followed. */
  readonly dense: Int32Array;
}

/** Builds a trie word by word. */
export class TrieBuilder {
  #label = new Uint8Array(1024);
  #first = new Int32Array(1024);
  #next = new Int32Array(1024);
  #states = 1;

  /**
   * Adds `bytes` from `start` to `end` (at most 255) and returns its state.
   *
   * The number is the builder's own; `freeze()` tells the final one.
   */
  insert(bytes: Uint8Array, start: number, end: number): number {
    let state = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      let child = this.#first[state]!;
      while (child !== 0 && this.#label[child] !== byte) {
        child = this.#next[child]!;
      }
      if (child === 0) child = this.#grow(state, byte);
      state = child;
    }
    return state;
  }

  #grow(parent: number, byte: number): number {
    if (this.#states === this.#label.length) {
      const size = 2 * this.#states;
      const label = new Uint8Array(size);
      const first = new Int32Array(size);
      const next = new Int32Array(size);
      label.set(this.#label);
      first.set(this.#first);
      next.set(this.#next);
      this.#label = label;
      this.#first = first;
      this.#next = next;
    }
    const state = this.#states++;
    this.#label[state] = byte;
    this.#next[state] = this.#first[parent]!;
    this.#first[parent] = state;
    return state;
  }

  /**
   * Numbers the states breadth first, piece by piece; `renumbered[old]` is a
   * state's new number.
   */
  *freeze(): Generator<void, { trie: Trie; renumbered: Int32Array }> {
    const states = this.#states;
    const order = new Int32Array(states);
    const renumbered = new Int32Array(states);
    const label = new Uint8Array(states);
    const depth = new Uint8Array(states);
    const child = new Int32Array(states + 1);
    let filled = 1;
    for (let state = 0; state < states; state++) {
      if (state % STATES_A_SLICE === 0) yield;
      const old = order[state]!;
      child[state] = filled;
      const children: number[] = [];
      for (let c = this.#first[old]!; c !== 0; c = this.#next[c]!) {
        children.push(c);
      }
      if (children.length > 1) {
        children.sort((a, b) => this.#label[a]! - this.#label[b]!);
      }
      for (const c of children) {
        order[filled] = c;
        renumbered[c] = filled;
        label[filled] = this.#label[c]!;
        depth[filled] = depth[state]! + 1;
        filled++;
      }
    }
    child[states] = filled;

    const denseStates = child[1]!;
    const dense = fillDense(label, child, denseStates);
    const trie: Trie = {
      states,
      label,
      child,
      fail: new Int32Array(states),
      depth,
      denseStates,
      dense,
    };
    // The failure of a child is one step from the failure of its parent, which
    // is nearer the root and so already known.
    for (let state = 1; state < states; state++) {
      if (state % STATES_A_SLICE === 0) yield;
      for (let c = child[state]!; c < child[state + 1]!; c++) {
        trie.fail[c] = step(trie, trie.fail[state]!, label[c]!);
      }
    }
    return { trie, renumbered };
  }
}

function fillDense(
  label: Uint8Array,
  child: Int32Array,
  denseStates: number,
): Int32Array {
  const dense = new Int32Array(denseStates << 8);
  for (let state = 0; state < denseStates; state++) {
    const row = state << 8;
    if (state > 0) dense.copyWithin(row, 0, 256);
    for (let c = child[state]!; c < child[state + 1]!; c++) {
      dense[row | label[c]!] = c;
    }
  }
  return dense;
}

/**
 * The state after `byte` in `state`.
 *
 * Follows failures until one fits: each gives back depth that an earlier byte
 * has brought, so n bytes cost at most 2n moves.
 */
function step(trie: Trie, state: number, byte: number): number {
  const { fail, denseStates } = trie;
  while (state >= denseStates) {
    const next = childOf(trie, state, byte);
    if (next !== 0) return next;
    state = fail[state]!;
  }
  return trie.dense[(state << 8) | byte]!;
}

/**
 * The state after `byte` in `state`, without following failures; 0 (the root)
 * if there is none.
 */
export function childOf(
  { child, label }: Pick<Trie, "child" | "label">,
  state: number,
  byte: number,
): number {
  let low = child[state]!;
  let high = child[state + 1]!;
  while (low < high) {
    const middle = (low + high) >> 1;
    const found = label[middle]!;
    if (found === byte) return middle;
    if (found < byte) low = middle + 1;
    else high = middle;
  }
  return 0;
}
