import { greet } from "@acme/greeting";

console.log(greet("world"));
