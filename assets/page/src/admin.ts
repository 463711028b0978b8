// All of the page for admins. It shares what is small with the other documents, and nothing of it is in theirs.

import "./styles/ground.css";
import "./styles/controls.css";
import "./styles/admin.css";
import { begin } from "./admin/page";
import { settle } from "./lib/base";

settle();
begin();
