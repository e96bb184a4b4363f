import {
  formatReportRequest,
  parseReportRequest,
  readReport,
  reportMessage,
} from "../../lib/secrets/report_wire.ts";
import { assertEquals } from "../support/assert.ts";

const token = crypto.randomUUID();

Deno.test("a request for reports is read back, and nothing else is one", () => {
  for (const strict of [true, false]) {
    const request = { token, strict };
    assertEquals(parseReportRequest(formatReportRequest(request)), request);
  }
  for (
    const value of [
      "",
      "report=",
      `report=${token} ; strict`,
      `report=${token}; strict; strict`,
      `report=${token};strict`,
      ` report=${token}`,
      `report=${token.slice(1)}`,
      `report=${token.toUpperCase().replaceAll(/\d/g, "A")}`,
    ]
  ) assertEquals(parseReportRequest(value), undefined, value);
});

Deno.test("a report is read by who knows the token, and nothing that an engine says is one", () => {
  for (const state of ["requested", "served", "missing"] as const) {
    const message = reportMessage(token, { id: "a", state });
    assertEquals(readReport(message, token), { id: "a", state });
    assertEquals(readReport(message, crypto.randomUUID()), undefined);
    const { id, aux } = message;
    for (
      const other of [
        { id: "moby.buildkit.trace", aux },
        { aux },
        { id },
        { id, aux: null },
        { id, aux: { ...aux, id: 1 } },
        { id, aux: { ...aux, token: undefined } },
        { id, aux: { ...aux, state: "cached" } },
        { id, aux: { ...aux, state: "unused" } },
      ]
    ) assertEquals(readReport(other, token), undefined, Deno.inspect(other));
  }
});
