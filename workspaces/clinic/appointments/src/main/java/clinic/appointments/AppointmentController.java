package clinic.appointments;

import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
@RequestMapping("/appointments")
public class AppointmentController {
    private static final String TOPIC = "appointments.made";

    private final PatientsClient patients;
    private final KafkaTemplate<String, Appointment> kafka;

    public AppointmentController(PatientsClient patients, KafkaTemplate<String, Appointment> kafka) {
        this.patients = patients;
        this.kafka = kafka;
    }

    @PostMapping
    public Appointment make(@RequestBody Appointment appointment) {
        patients.one(appointment.patient());
        kafka.send(TOPIC, appointment.patient(), appointment);
        return appointment;
    }
}
