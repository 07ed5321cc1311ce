// What the types of playwright-core name of a browser's types. All else is checked without a browser's types, as Node runs it.
interface Node {
  readonly nodeType: number;
}
interface HTMLElement extends Node {
  readonly innerText: string;
}
interface SVGElement extends Node {
  readonly viewportElement: SVGElement | null;
}
interface HTMLElementTagNameMap {
  [name: string]: HTMLElement;
}
