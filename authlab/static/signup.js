// A comfort on the sign-up page: an early look at the e-mail.
// The form works without this file, and the server believes nothing that happens here.

const WAIT_MS = 400;
const TAKEN = "An account with this email exists already."; // forms.EMAIL_TAKEN

const form = document.querySelector("#signup");
const email = form.querySelector("#email");
const note = form.querySelector("#email-note");

// While the e-mail is typed: forms.Debouncer's rule. The newest value, once, when the wait is over.

let timer;
let asked = email.value; // the value last asked about; what the page came with, the server has judged

email.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(check, WAIT_MS);
});
email.addEventListener("blur", check); // leaving the field ends the wait

async function check() {
  clearTimeout(timer);
  const value = email.value;
  if (value === asked) return;
  asked = value;
  const problem = await ask(value);
  if (value !== asked) return; // a newer question is out: this answer comes too late
  if (problem !== TAKEN && document.activeElement === email) {
    asked = null; // half an address is no mistake yet: say nothing, and ask again on leaving
    show("");
  } else {
    show(problem);
  }
}

// Return what is wrong with an e-mail, or "". No answer means "": sign-up itself will tell.
async function ask(value) {
  if (value.trim() === "") return "";
  try {
    const response = await fetch(`/signup/available?${new URLSearchParams({ email: value })}`);
    const answer = await response.json();
    if (response.status === 422) return answer.errors.email[0];
    return answer.available === false ? TAKEN : "";
  } catch {
    return "";
  }
}

// Say it where the server would have said it. As text: nothing in it becomes markup.
function show(problem) {
  note.replaceChildren();
  email.removeAttribute("aria-invalid");
  if (problem === "") return;
  const line = document.createElement("p");
  line.className = "error";
  line.textContent = problem;
  note.append(line);
  email.setAttribute("aria-invalid", "true");
}

form.addEventListener("submit", () => clearTimeout(timer)); // the server will say it: no more questions
