// Counts on what is under way, once a second, in the words of console/wording.py, and keeps the tab's title true.
function words(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

setInterval(() => {
  for (const each of document.querySelectorAll("[data-since]")) {
    each.textContent = words((Date.now() - Date.parse(each.dataset.since)) / 1000);
  }
  document.title = document.querySelector("[data-title]").dataset.title;
}, 1000);
