// Server-sent events of a fetch response (the browser's EventSource cannot send a key).

export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    let end;
    while ((end = buffer.indexOf("\n\n")) >= 0) {
      const fields = Object.fromEntries(buffer.slice(0, end).split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      buffer = buffer.slice(end + 2);
      if (fields.data) yield { name: fields.event, data: JSON.parse(fields.data) }; // a comment has none
    }
  }
}
