/**
 * The classes in which Laravel keeps the errors of a form (`Illuminate\Support`), with the same properties in 8 to 13. For the option
 * `classes`: a session may get objects of them that it did not have.
 */
export const laravelClasses: readonly string[] = Object.freeze([
  'Illuminate\\Support\\ViewErrorBag',
  'Illuminate\\Support\\MessageBag',
]);
