"""Reasons that the demo's raters give for their levels, and reasons of the consensus. All of it is invented.

In the framework's order: relevance, effectiveness, coherence, sustainability, efficiency, impact.
"""

REASONS = {  # reasons of each rater, with what that rater looks at first
    "rater1": (
        "The problems named in the strategy are those that participants reported when asked.",
        "I compared each milestone with its date; most that were due have been reached.",
        "Offices and associations agree on who does what, with one overlap that they know about.",
        "I looked for who pays next year and found it written down for some of the actions.",
        "Spending follows the work; where money has not been spent, an update explains why.",
        "Participants describe changes in their own words; there are few before-and-after figures.",
    ),
    "rater2": (
        "The groups that need it most are named, but their share among participants is not counted.",
        "Indicators are improving, but two of them count what was offered, not the results.",
        "The partners I would expect are involved; employers could have joined earlier.",
        "Much depends on a few individuals. If they change jobs, I do not see who would continue.",
        "Staff costs are shared with existing services, which keeps the cost per place low.",
        "After six months I found figures for only one action; the rest is well-founded hope.",
    ),
    "rater3": (
        "What we learned in our own city is the same: these measures fit where trust has to be built first.",
        "The first results came sooner than planned, and the city says which were due to luck.",
        "Two services offer nearly the same course. They have agreed to resolve this but have not done so yet.",
        "Associations have taken over tasks, with training; that lasts longer than a project.",
        "The effort is reasonable for the number of people reached; evening groups cost more than expected.",
        "The change is visible in the offices that took part, less so in those that did not.",
    ),
    "lead": (
        "We wrote the strategy with the districts and revised it twice after the training week.",
        "We achieved what we promised for the period, except for what is reported as late.",
        "All departments have signed the plan and meet about it every month.",
        "The council has entered the main actions in the budget; the smaller ones depend on applications.",
        "We used what we had before we asked for more.",
        "Residents welcome the new services, and our staff have become more confident.",
    ),
    "expert": (
        "It responds to the analysis our group discussed; older newcomers deserve more attention.",
        "The order of the steps was right: first staff, then the public offer.",
        "Our members work in the actions themselves, so news travels fast between them.",
        "Agreements with partners run for two years. We recommend longer ones.",
        "Reporting takes small associations more time than their funding is worth.",
        "Families come back of their own accord, which is the best sign we know.",
    ),
}
CONSENSUS_REASONS = {
    "cartagena": (
        "Mediators and the interreligious table meet the districts’ requests; seasonal workers are reached less.",
        "The interreligious table and the welcome folder are ahead of schedule; telephone interpreting is not.",
        "Communities, schools and health centres plan together, and no service is offered twice.",
        "Mediators are paid by projects that end each December, and no decision on the year after is shown.",
        "Little money reaches many people through associations; starting the telephone service cost more than planned.",
        "Settled conflicts are counted, but no one has checked whether they stay settled.",
    ),
    "cluj-napoca": (
        "One desk instead of nine offices is what newcomers missed most; students were asked, but few workers were.",
        "The desk is used more each month, while the platform and the rules between offices are behind schedule.",
        "Universities, companies and the city share the work; advice against exploitation has lost its partner.",
        "There is a budget line for the first time, but only for one year, and volunteers carry the first contact.",
        "The desk uses existing rooms and staff; spending on the platform has not yet led to more visits.",
        "Certificates and job offers are counted; who is still in the job after half a year is not known.",
    ),
    "dietzenbach": (
        "Each action meets the needs of one neighbourhood, shown by years of figures and confirmed by parents.",
        "Swimming lessons and reading mentors are well on their way; placing people in work takes longer.",
        "Kindergartens, the employment agency and the neighbourhood council share one concept; housing is missing.",
        "The concept has had political support for ten years, and most posts are permanent.",
        "Many small measures keep separate accounts, and no one can say what one place costs.",
        "Children’s German is tested, but without a comparison group progress cannot be put down to the action.",
    ),
    "linkoping": (
        "The questionnaire shows where residents feel poorly treated; training starts there. Villages were not asked.",
        "Most courses took place as planned and three committees have set a goal; mentors are hard to find.",
        "Committees, employers and associations are involved; business advice duplicates what the region offers.",
        "Goals are in the committees’ yearly plans and outlast the project; associations have no such basis.",
        "Training uses working hours that departments had not planned for, and two of them sent hardly anyone.",
        "Residents say they are treated better, but few of those who seldom visit an office were asked.",
    ),
    "lublin": (
        "The commission collected the needs of those who came last year, and every action names the need it meets.",
        "Pupils have assistants and families a first doctor’s visit; coordinators in offices came later than planned.",
        "Offices and associations decide together; the universities, strong in the city, are not involved so far.",
        "The plan relies on volunteers, who are growing tired, and the centre is funded only until summer.",
        "Costs per pupil and visit are reported and compare well with earlier years; staff made the map.",
        "Schools report fewer pupils who leave early in classes with an assistant than in those without.",
    ),
    "ravenna": (
        "Housing after reception is the right problem to solve; offers suit families with small children less.",
        "Host families and Italian for work go well, but the guarantee fund signed a third of the expected contracts.",
        "Port, associations and the town agree on who offers what, with one calendar for all.",
        "The register depends on families’ goodwill; the fund has money only until the end of the year.",
        "Guarantees tie up money without spending it, and employers pay half the cost of the workshops.",
        "Two of three who left a shared flat have a home of their own, a year after it was hard to find any.",
    ),
    "riga": (
        "People ask for language courses and information; the council that should confirm this has not met.",
        "Library courses started late and fill up within hours, so more people are turned away than finish a level.",
        "Libraries and choirs work together; health and social services work separately.",
        "Teachers are paid by the hour from one grant, and the pool has grown by three.",
        "Half of the course budget was not used for lack of teachers, and was not moved elsewhere.",
        "It is too early: no action has yet asked its participants what has changed for them.",
    ),
}
SECOND_CONSENSUS_REASONS = {  # the second evaluation of a city
    "lublin": (
        "The commission has heard the families again, and two actions were changed as a result.",
        "Seven of eight offices have a coordinator now, and volunteers have been recruited again after a weak spring.",
        "The universities have joined with language tandems; school and health data are not combined yet.",
        "The volunteer centre has money for one more year, but the rent guarantee has no owner after that.",
        "Interpreters are booked by the half-day now, and a visit costs a tenth less than in the first quarter.",
        "Most pupils who had an assistant last year follow lessons without one now; less is known about parents.",
    ),
}
