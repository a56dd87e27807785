"""Words of simulated clinical notes: our own templates, filled by chance; nobody's notes.

Each kind of illness has its story, findings and plan; each style writes them down in its own way, with what is denied,
what runs in the family and what is only to be watched for, as real notes have it.
"""

from __future__ import annotations

from random import Random
from typing import Literal, NamedTuple

Illness = Literal["heart-failure", "infarction", "fibrillation", "pneumonia", "fracture", "gallbladder", "diabetes"]
Style = Literal["soap", "discharge", "telegraphic"]
STYLES: tuple[Style, ...] = ("soap", "discharge", "telegraphic")
CARDIAC: frozenset[Illness] = frozenset({"heart-failure", "infarction", "fibrillation"})


class Story(NamedTuple):
    """What is told of one illness."""

    complaint: str
    history: str
    denied: str
    examination: str
    result: str
    assessment: str
    plan: str


STORIES: dict[Illness, Story] = {
    "heart-failure": Story(
        "Shortness of breath",
        "has had a week of rising shortness of breath, sleeps on three pillows and gained 4 kg",
        "chest pain, fever and cough",
        "jugular venous distension, bibasilar crackles, S3 gallop and pitting oedema to the knees",
        "Echocardiogram shows an ejection fraction of 30 % with global hypokinesis and moderate mitral regurgitation",
        "acute decompensated systolic heart failure",
        "intravenous furosemide 40 mg twice daily, continue carvedilol and lisinopril, daily weights",
    ),
    "infarction": Story(
        "Chest pressure",
        "woke with crushing substernal pressure radiating to the left arm, with sweating",
        "trauma, fever and calf pain",
        "a diaphoretic patient, regular rhythm, no murmur",
        "ECG shows ST elevation in II, III and aVF; troponin 8.4 ng/mL; angiography found an occluded right coronary"
        " artery",
        "inferior ST elevation myocardial infarction, stented",
        "aspirin, ticagrelor, atorvastatin 80 mg, metoprolol; cardiac rehabilitation",
    ),
    "fibrillation": Story(
        "Palpitations",
        "noticed an irregular racing pulse since yesterday evening, with light-headedness",
        "syncope, chest pain and heat intolerance",
        "an irregularly irregular rhythm at 130 per minute, clear lungs",
        "ECG shows atrial fibrillation with rapid ventricular response; the left atrium is mildly enlarged",
        "new atrial fibrillation with rapid ventricular response",
        "rate control with diltiazem, apixaban 5 mg twice daily, cardioversion to be planned",
    ),
    "pneumonia": Story(
        "Cough and fever",
        "has coughed up green sputum for four days, with chills and a temperature of 39.1",
        "chest pain, leg swelling and travel",
        "coarse crackles and bronchial breath sounds over the right lower lobe",
        "Chest film shows a right lower lobe consolidation; white cells 16.2",
        "community-acquired pneumonia of the right lower lobe",
        "ceftriaxone and azithromycin, oxygen to keep saturation above 92 %",
    ),
    "fracture": Story(
        "Hip pain after a fall",
        "slipped on a wet floor and could not bear weight on the left leg",
        "loss of consciousness, chest pain and palpitations",
        "a shortened, externally rotated left leg, intact distal pulses",
        "Radiograph shows a displaced femoral neck fracture",
        "left femoral neck fracture",
        "hemiarthroplasty tomorrow, physiotherapy from the first day",
    ),
    "gallbladder": Story(
        "Abdominal pain",
        "has had colicky right upper quadrant pain after meals, now constant, with vomiting",
        "jaundice, chest pain and shortness of breath",
        "right upper quadrant tenderness with a positive Murphy sign",
        "Ultrasound shows gallstones with a thickened wall and pericholecystic fluid",
        "acute cholecystitis",
        "nothing by mouth, piperacillin-tazobactam, laparoscopic cholecystectomy",
    ),
    "diabetes": Story(
        "Thirst and weight loss",
        "drinks and passes water all day and lost 6 kg in two months",
        "chest pain, fever and abdominal pain",
        "dry mucous membranes, reduced sensation in both feet",
        "Glucose 412 mg/dL, haemoglobin A1c 12.1 %, no ketones",
        "poorly controlled type 2 diabetes mellitus with neuropathy",
        "basal insulin 12 units at night, metformin, diabetes education",
    ),
}
_FAMILY = (
    "Father had a myocardial infarction at 58.", "Mother has type 2 diabetes.", "Grandmother died of breast cancer.",
    "No family history of heart disease.", "Brother has atrial fibrillation.",
)  # fmt: skip
_WATCH = (
    "Return if chest pain or fever develops.", "Call for any bleeding or shortness of breath.",
    "Watch for signs of infection.",
)  # fmt: skip


def written(illness: Illness, style: Style, age: int, sex: str, chance: Random) -> list[tuple[str, str]]:
    """Return a note as headings, each with its text; a heading may be empty."""
    story, family, watch = STORIES[illness], chance.choice(_FAMILY), chance.choice(_WATCH)
    person = f"{age}-year-old {'woman' if sex == 'female' else 'man'}"
    if style == "soap":
        return [
            ("SUBJECTIVE", f"{person} who {story.history}. Denies {story.denied}. {family}"),
            ("OBJECTIVE", f"On examination there is {story.examination}. {story.result}."),
            ("ASSESSMENT", f"{story.assessment[0].upper()}{story.assessment[1:]}."),
            ("PLAN", f"{story.plan[0].upper()}{story.plan[1:]}. {watch}"),
        ]
    if style == "discharge":
        return [
            ("CHIEF COMPLAINT", f"{story.complaint}."),
            ("HISTORY OF PRESENT ILLNESS", f"This {person} {story.history}. There was no {story.denied}."),
            ("FAMILY HISTORY", family),
            ("PHYSICAL EXAMINATION", f"Notable for {story.examination}."),
            ("HOSPITAL COURSE", f"{story.result}. The diagnosis was {story.assessment}. Treated with {story.plan}."),
            ("DISCHARGE INSTRUCTIONS", watch),
        ]
    shorter, short = story.denied.replace(" and ", ", "), f"{age}{'F' if sex == 'female' else 'M'}"
    return [
        (
            "",
            f"{short}. CC {story.complaint.lower()}. Pt {story.history}. No {shorter}.",
        ),
        ("", f"FHx: {family} O/E {story.examination}. {story.result}."),
        ("", f"Imp: {story.assessment}. Plan: {story.plan}."),
    ]
