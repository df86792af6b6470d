"""Reasons that the demo's raters give for their levels, and reasons of the consensus. All of it is invented.

In the framework's order: relevance, effectiveness, coherence, sustainability, efficiency, impact.
"""

REASONS = {  # reasons of each rater, with what that rater looks at first
    "rater1": (
        "The problems named in the strategy are those that participants told of when they were asked.",
        "I compared each milestone with its date; most that were due have been reached.",
        "Offices and associations tell the same story of who does what, with one overlap that they know of.",
        "I looked for who pays next year and found it written down for some of the actions.",
        "Spending keeps step with the work; where money lies still, an update says why.",
        "Participants tell of changes in their own words; figures from before and after are few.",
    ),
    "rater2": (
        "The groups that need it most are named, but their share among participants is not counted.",
        "Indicators move, yet two of them count what was offered and not what came of it.",
        "The partners whom I would expect are at the table; employers could have come earlier.",
        "Much rests on single people. If they change posts, I do not see who carries on.",
        "Staff costs are shared with services that run anyway, which keeps the price of each place low.",
        "After six months I found figures for one action only; the rest is hope with good grounds.",
    ),
    "rater3": (
        "What we learned in our own city is the same: these measures fit where trust has to be built first.",
        "The first results came sooner than planned, and the city says which of them were luck.",
        "Two services offer nearly the same course. They have agreed to settle it, and not yet done so.",
        "Associations have taken over tasks, with training; that lasts longer than a project.",
        "For the number of people reached the effort is fair; evening groups cost more than expected.",
        "The change is visible in the offices that took part, less so in those that did not.",
    ),
    "lead": (
        "We wrote the strategy with the districts, and changed it twice after the training week.",
        "We reached what we had promised for the period, apart from what is told as late.",
        "All departments have signed the plan, and meet on it every month.",
        "The council has entered the main actions in the budget; the smaller ones depend on applications.",
        "We used what we had before we asked for more.",
        "Residents greet the new services warmly, and our staff have become surer.",
    ),
    "expert": (
        "It answers to the analysis that our group discussed; older newcomers deserve more attention.",
        "The order of the steps was right: first staff, then the public offer.",
        "Our members work in the actions themselves, so that news travels fast between them.",
        "Agreements with partners run for two years. We advise to make them longer.",
        "Reports cost the small associations more time than the money they get is worth.",
        "We see families come back by themselves, which is the best sign that we know of.",
    ),
}
CONSENSUS_REASONS = {
    "cartagena": (
        "Mediators and the interreligious table answer what districts asked for; seasonal workers are reached less.",
        "The table of religions and the welcome folder are ahead of their dates; interpreting by telephone is not.",
        "Communities, schools and health centres plan together, and no service is offered twice.",
        "Mediators are paid by projects that end each December, and no decision on the year after is shown.",
        "Little money reaches many people through associations; starting the telephone service cost more than planned.",
        "Settled conflicts are counted, but whether they stay settled has not been looked at.",
    ),
    "cluj-napoca": (
        "One desk instead of nine offices is what newcomers missed most; students were asked, workers hardly.",
        "The desk is used more each month, while the platform and the common file rules are behind their dates.",
        "Universities, companies and the city share the work; advice against exploitation has lost its partner.",
        "There is a budget line for the first time, but only for one year, and volunteers carry the first contact.",
        "The desk uses rooms and staff that are there; the platform takes money that has not yet shown in visits.",
        "Certificates and job offers are counted; who is still in the job after half a year is not known.",
    ),
    "dietzenbach": (
        "Each action goes back to the needs of one quarter, shown with figures of years and confirmed by parents.",
        "Swimming lessons and reading mentors are well on their way; placing people in work takes longer.",
        "Kindergartens, the agency for work and the neighbours' council act by one concept, with a gap at housing.",
        "Politics has carried the concept for ten years, and most posts are permanent.",
        "Many small measures each keep accounts of their own, and nobody can say what one place costs.",
        "Children's German is tested, yet without children to compare with the step cannot be ascribed to the action.",
    ),
    "linkoping": (
        "The questionnaire shows where residents feel badly met, and training begins there; villages were not asked.",
        "Most courses took place as planned and three committees have set a goal; mentors are found slowly.",
        "Committees, employers and associations are in it; business advice repeats what the region offers.",
        "Goals stand in the yearly plans of committees and outlast the project; associations have no such ground.",
        "Training uses working hours that departments had not planned for, and two of them sent hardly anybody.",
        "Residents say that they are better met, but those who seldom visit an office were hardly asked.",
    ),
    "lublin": (
        "The commission collected the needs of those who came last year, and every action names the one it answers.",
        "Pupils have assistants and families a first doctor's visit; coordinators in offices came later than planned.",
        "Offices and associations decide together; the universities, strong in the city, stand aside so far.",
        "Volunteers do much of what the plan rests on, they grow tired, and the centre is paid for until summer.",
        "Costs for each pupil and visit are told and compare well with earlier years; the map was made with own staff.",
        "Schools report fewer pupils who leave early in classes with an assistant than in those without.",
    ),
    "ravenna": (
        "Housing at the end of reception is the right knot to untie; people with small children fit the offers less.",
        "Host families and Italian for work go well, but the guarantee fund signed a third of the contracts hoped for.",
        "Port, associations and the town agree on who offers what, with one calendar for all.",
        "The register lives from families' good will, and the fund is filled until the end of the year only.",
        "Guarantees bind money without spending it, and the workshops are paid for half by employers.",
        "Two of three who left a shared flat have a home of their own, a year after it was hard to find any.",
    ),
    "riga": (
        "Language and first information are what people ask for; the council that should say so has not met.",
        "The libraries began late and fill within hours, so that more are turned away than finish a level.",
        "Libraries and choirs work hand in hand, health and social services each for themselves.",
        "Teachers are paid by the hour from one grant, and the pool has grown by three.",
        "Half of the money for courses was not used, since teachers were missing, and was not moved elsewhere.",
        "It is too early: no action has yet asked its participants what has changed for them.",
    ),
}
SECOND_CONSENSUS_REASONS = {  # the second evaluation of a city
    "lublin": (
        "The commission has heard the families again, and two actions were changed to what they said.",
        "Seven of eight offices have a coordinator now, and volunteers are found again after a weak spring.",
        "The universities have joined with language tandems; data of schools and health are still not seen together.",
        "The volunteer centre has money for one more year, but the rent guarantee has no owner after that.",
        "Interpreters are booked by the half-day now, and a visit costs a tenth less than in the first quarter.",
        "Most pupils who had an assistant last year follow lessons without one now; of parents little is known.",
    ),
}
