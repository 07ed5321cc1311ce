/** Prints a table below a title, past Jest's own output. */
export function print(title: string, header: string[], rows: (string | number)[][]): void {
  const cells = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: string[]) => '  ' + row.map((cell, column) => cell.padEnd(widths[column]!)).join('   ');
  process.stdout.write(`\n${title}\n${cells.map(line).join('\n')}\n\n`);
}
