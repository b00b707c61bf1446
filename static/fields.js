// Whether somebody changed a field since the page drew it.

export function isTyped(field) {
  if (field.matches("[type=hidden], button, fieldset, output")) return false;
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  if (field.localName === "select") {
    const options = [...field.options];
    const drawn = options.find((option) => option.defaultSelected) ?? options[0];
    return field.value !== (drawn?.value ?? "");
  }
  // A date that is half typed has no value yet.
  return field.value !== field.defaultValue || field.validity.badInput;
}
