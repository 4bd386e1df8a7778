// The login page. A wrong password is told as the server tells it.

const form = document.getElementById("login");
const problem = document.getElementById("problem");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  problem.hidden = true;
  try {
    const response = await fetch("/api/v1/session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: form.name.value.trim(), password: form.password.value }),
    });
    if (response.ok) {
      location.replace("/");
      return;
    }
    const answer = await response.json().catch(() => null);
    show(answer?.error?.message ?? `The gateway answered ${response.status}.`);
  } catch {
    show("The gateway cannot be reached. Is it running?");
  }
  button.disabled = false;
  form.password.select();
});

function show(text) {
  problem.textContent = text;
  problem.hidden = false;
}
